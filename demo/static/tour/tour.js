// Sends a scenario's traffic, or proves it, without leaving the page; without this file the forms do so by loading it anew.

async function walkThrough(form) {
  const article = form.closest(".scenario");
  const button = form.querySelector("button");
  button.setAttribute("aria-disabled", "true");
  button.textContent = form.dataset.doing;
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(article.id);
  if (!answer.ok || !fresh) throw new Error(`The server answered ${answer.status}.`);
  article.replaceWith(fresh);
  const place = [...article.querySelectorAll("form")].indexOf(form);
  fresh.querySelectorAll("form")[place].querySelector("button").focus({ preventScroll: true });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.closest(".scenario")) return;
  event.preventDefault();
  if (form.querySelector("[aria-disabled]")) return;
  walkThrough(form).catch(() => form.submit());
});
