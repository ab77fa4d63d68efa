/* Runs in the page before its own script: notes when each message of the feed was painted, and how far frames lie apart. */

(() => {
  // Where the socket brings these two among the values of a request: see `REQUEST_FIELDS` in static/src/protocol/decoding.ts.
  const START_NS = 20;
  const DURATION_NS = 21;
  const Plain = WebSocket;
  const now = () => performance.timeOrigin + performance.now();
  let painted = [];
  let gaps = [];
  let last = 0;
  let opened = 0;
  let greeted = null;
  let isWatching = false;

  globalThis.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      opened = performance.now();
      this.addEventListener("message", ({ data }) => {
        const heard = performance.now();
        const position = Number(/"position":(\d+)/.exec(data.slice(0, 300))?.[1] ?? 0);
        // The page draws with the next frame; when the one after it begins, that frame is on the screen.
        requestAnimationFrame(() =>
          requestAnimationFrame(() => {
            if (isWatching) painted.push([data, now()]);
            // Only the last message of a greeting says how far it goes.
            if (position > 0) greeted ??= { socketMs: heard - opened, pictureMs: performance.now() };
          }),
        );
      });
    }
  };

  function frame(at) {
    if (isWatching) gaps.push(at - last);
    last = at;
    requestAnimationFrame(frame);
  }
  requestAnimationFrame(frame);

  function ages() {
    return painted.flatMap(([data, paintedMs]) => {
      const message = JSON.parse(data);
      if (message.type !== "batch") return [];
      return message.records.requests.map((values) => paintedMs - (values[START_NS] + values[DURATION_NS]) / 1e6);
    });
  }

  globalThis.paintWatch = {
    greeted: () => greeted,
    begin() {
      isWatching = true;
      gaps = [];
    },
    end() {
      const found = { ages: ages(), gaps: gaps.slice(1) };
      isWatching = false;
      painted = [];
      return found;
    },
  };
})();
