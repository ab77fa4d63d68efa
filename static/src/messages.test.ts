/** Whether the page says anything that nobody can translate. */

import { expect, test } from "vitest";

import { read, SOURCES, template } from "../messages";

test.each(Object.entries(SOURCES))("%s says everything through t()", (path, source) => {
  expect(read(path, source).untranslated).toEqual([]);
});

test("style sheets say nothing: their words could not be collected", () => {
  const sheets = import.meta.glob<string>("./styles/*.css", { query: "?raw", import: "default", eager: true });
  const worded = Object.values(sheets).flatMap((sheet) => sheet.match(/content: *"[^"]*\p{L}{2}[^"]*"/gu) ?? []);
  expect(worded).toEqual([]);
});

test("what stands between tags or is read out is found", () => {
  const source = `
    <p title="One" class="two">Three {shown ? "Four" : t("five")} <b aria-label={\`Six \${seven}\`}>{count(8)}</b></p>`;
  expect(read("a.tsx", source).untranslated).toEqual(["Three", "Four", "One", "Six"]);
});

test("so are titles that a component is given, and sentences anywhere", () => {
  const source = `const TOLD = "no request yet here"; <Fact name="Requests" kind="quiet">{t("It is so.")}</Fact>`;
  expect(read("a.tsx", source).untranslated).toEqual(["no request yet here", "Requests"]);
});

test("names, signs and what is quoted from code need no words", () => {
  const source = "<p>reqtrace · NDJSON {pid} <kbd>Enter</kbd> <code>make demo</code></p>";
  expect(read("a.tsx", source).untranslated).toEqual([]);
});

test("what is to stay English is left to nobody", () => {
  expect(read("a.ts", 'english("This goes to a ticket.")')).toEqual({ messages: [], untranslated: [] });
});

test("a message that is computed cannot be collected", () => {
  expect(read("a.ts", "t(word); t(`a ${b}`); tn('one', many, 2);").untranslated).toHaveLength(3);
});

test("the template names each message once, with everybody who says it", () => {
  const { messages } = read("a.ts", `t("Say \\"a\\""); tn("{n} b", "{n} bs", 2);`);
  const again = read("b.ts", `t("Say \\"a\\"")`).messages;
  expect(template([...messages, ...again])).toBe(`msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

#: a.ts
#: b.ts
msgid "Say \\"a\\""
msgstr ""

#: a.ts
msgid "{n} b"
msgid_plural "{n} bs"
msgstr[0] ""
msgstr[1] ""
`);
});
