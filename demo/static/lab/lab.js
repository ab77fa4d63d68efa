// Loads the page anew whenever a lab has got further.

const SECONDS = 2;
const { state, stateUrl } = document.querySelector(".lab").dataset;

async function look() {
  const answer = await fetch(stateUrl).catch(() => null);
  if (answer?.ok && (await answer.text()) !== state) location.reload();
}

setInterval(() => document.hidden || look(), SECONDS * 1000);
