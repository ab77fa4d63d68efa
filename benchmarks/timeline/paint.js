/* Runs in the page before its own script: notes when each batch of the feed was painted, and how far frames lie apart. */

(() => {
  const Plain = WebSocket;
  let painted = [];
  let gaps = [];
  let last = 0;

  globalThis.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const [, batch] = /"server_time_ns":(\d+)/.exec(data.slice(0, 200)) ?? [];
        // The page draws with the next frame; when the one after it begins, that frame is on the screen.
        requestAnimationFrame(() => requestAnimationFrame(() => painted.push([batch, Date.now()])));
      });
    }
  };

  function frame(now) {
    gaps.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  }
  requestAnimationFrame(frame);

  globalThis.paintWatch = {
    begin() {
      painted = [];
      gaps = [];
    },
    end: () => ({ painted, gaps: gaps.slice(1) }),
  };
})();
