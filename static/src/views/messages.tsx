/** What a socket took in and gave out: when, which way, what kind and how long, never what it said. */

import { duration } from "../lib/format";
import { t, tn } from "../lib/text";
import type { Message, Request } from "../protocol/records";

/** So many the server keeps of each socket. */
const KEPT = 100;

export function Messages({ request: { messages } }: { request: Request }) {
  if (messages.length === 0) return null;
  return (
    <>
      <h3>{t("Messages")}</h3>
      <ol class="messages">
        {messages.map((message, place) => (
          <li key={place} class={message.checkpoint}>
            <span class="at">+{duration(message.at_ns)}</span>
            <span class="way" title={WAYS[message.checkpoint]}>
              <span aria-hidden="true">{message.checkpoint === "receive" ? "→" : "←"}</span>
              <span class="unseen">{WAYS[message.checkpoint]}</span>
            </span>
            <span class="type">{message.type}</span>
            <span class="size">{message.size !== null && tn("{n} long", "{n} long", message.size)}</span>
          </li>
        ))}
      </ol>
      {messages.length >= KEPT && <p class="hint">{t("The first {n} are kept.", { n: KEPT })}</p>}
    </>
  );
}

const WAYS: Record<Message["checkpoint"], string> = { receive: t("came in"), send: t("went out") };
