/** Collects what the page says through `t()` and `tn()`, as a template for gettext, and finds what it says past them. */

import type { ESTree } from "rolldown/utils";
import { parseSync, Visitor } from "vite";

export interface Message {
  singular: string;
  plural: string | null;
  path: string;
}

export interface Said {
  messages: Message[];
  /** What everybody would read in English. */
  untranslated: string[];
}

/** What people read or hear of any element. */
const READ_OUT = new Set(["alt", "aria-description", "aria-label", "aria-roledescription", "placeholder", "title"]);
/** What stands in these is the same in every language. */
const VERBATIM = new Set(["code", "kbd"]);
/** So are names and signs. */
const NAMES = /^(?:reqtrace|cURL|[A-Z]{2,}|[\W\d_])*$/;

/** What is written like this is meant for people, wherever it stands. */
const SENTENCE = /^\p{Lu}\p{Ll}+ \p{L}|\p{L}{2} \p{L}+ \p{L}+ \p{L}/u;

/** And so is, of what a component is given, what begins like a title. */
const TITLE = /^\p{Lu}\p{Ll}/u;

/** The page's source files, by path. */
export const SOURCES: Record<string, string> = import.meta.glob(["./src/**/*.{ts,tsx}", "!**/*.test.*", "!**/testing.ts"], {
  query: "?raw",
  import: "default",
  eager: true,
});

/** Read what one source file says. */
export function read(path: string, source: string): Said {
  const { program, errors } = parseSync(path, source);
  if (errors[0]) throw new Error(`${path}: ${errors[0].message}`);
  const messages: Message[] = [];
  const untranslated: string[] = [];
  /** Where the words of messages stand. */
  const collected = new Set<number>();

  const note = (node: ESTree.Node): void => {
    for (const text of textsIn(node)) if (!NAMES.test(text)) untranslated.push(text.trim().replace(/\s+/g, " "));
  };
  const noteChildren = ({ children }: ESTree.JSXElement | ESTree.JSXFragment): void => {
    for (const child of children) if (child.type === "JSXText" || child.type === "JSXExpressionContainer") note(child);
  };
  new Visitor({
    CallExpression({ callee, arguments: given, start, end }) {
      if (callee.type !== "Identifier" || !["t", "tn", "english"].includes(callee.name)) return;
      const [singular, plural] = given.map(wordsOf);
      for (const { start } of given) collected.add(start);
      if (callee.name === "english") return;
      if (singular && callee.name === "t") messages.push({ singular, plural: null, path });
      else if (singular && plural) messages.push({ singular, plural, path });
      else untranslated.push(source.slice(start, end));
    },
    JSXElement(element) {
      const { name } = element.openingElement;
      if (name.type !== "JSXIdentifier" || !VERBATIM.has(name.name)) noteChildren(element);
    },
    JSXFragment: noteChildren,
    JSXAttribute({ name, value }) {
      if (value && (READ_OUT.has(String(name.name)) || textsIn(value).some((text) => TITLE.test(text)))) note(value);
    },
    Literal({ value, start }) {
      if (typeof value === "string" && SENTENCE.test(value) && !collected.has(start)) untranslated.push(value);
    },
    TemplateElement({ value }) {
      if (SENTENCE.test(value.raw)) untranslated.push(value.raw);
    },
  }).visit(program);
  return { messages, untranslated };
}

/** Write messages as a template for gettext, each once, with the files that say it. */
export function template(messages: Iterable<Message>): string {
  const entries = new Map<string, { plural: string | null; paths: Set<string> }>();
  for (const { singular, plural, path } of messages) {
    const entry = entries.get(singular) ?? { plural, paths: new Set() };
    entries.set(singular, { plural: entry.plural ?? plural, paths: entry.paths.add(path) });
  }
  const blocks = [...entries].map(([singular, { plural, paths }]) => {
    const forms = plural === null ? ['msgstr ""'] : [`msgid_plural ${JSON.stringify(plural)}`, 'msgstr[0] ""', 'msgstr[1] ""'];
    return [...[...paths].map((path) => `#: ${path}`), `msgid ${JSON.stringify(singular)}`, ...forms, ""].join("\n");
  });
  return ['msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n', ...blocks].join("\n");
}

/** Return the template of the whole page. */
export function templateOfPage(): string {
  return template(Object.entries(SOURCES).flatMap(([path, source]) => read(path.replace("./", "static/"), source).messages));
}

/** Return the words of a literal; undefined for what is computed. */
function wordsOf(node: ESTree.Node): string | undefined {
  return node.type === "Literal" && typeof node.value === "string" ? node.value : undefined;
}

/** Return what an expression may come to, as far as it is written out. */
function textsIn(node: ESTree.Node): string[] {
  switch (node.type) {
    case "Literal":
    case "JSXText":
      return typeof node.value === "string" ? [node.value] : [];
    case "TemplateLiteral":
      return node.quasis.map(({ value }) => value.cooked ?? "");
    case "JSXExpressionContainer":
      return textsIn(node.expression);
    case "ConditionalExpression":
      return [...textsIn(node.consequent), ...textsIn(node.alternate)];
    case "LogicalExpression":
      return [...textsIn(node.left), ...textsIn(node.right)];
    default:
      return [];
  }
}
