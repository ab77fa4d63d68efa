/** What the page says: English stands in the source, every other language in the catalog that the server sends. */

/** Messages by their English; of a plural, its forms in the order of gettext. */
export type Catalog = Record<string, string | string[]>;

export type Values = Record<string, string | number>;

/** The page's language, as `Intl` takes it. */
export let language = "en";
let catalog: Catalog = {};
let rules = new Intl.PluralRules(language);
/** gettext counts forms in the order of the CLDR's categories, and leaves out those for fractions. */
let categories = categoriesOf(rules);
let numbers = new Intl.NumberFormat(language);

/** Speak another language from now on. Nothing that was said is said anew, so this comes before all else. */
export function speak(newLanguage: string, newCatalog: Catalog): void {
  language = newLanguage;
  catalog = newCatalog;
  rules = new Intl.PluralRules(language);
  categories = categoriesOf(rules);
  numbers = new Intl.NumberFormat(language);
}

/**
 * Say something in the page's language.
 *
 * @param message English, written out where it is said: that is where it is collected for translators.
 * @param values what stands in braces: `t("pid {pid} on {host}", { pid, host })`. Numbers are written as they are; give
 *   `count(value)` where digits shall be grouped.
 */
export function t(message: string, values: Values = {}): string {
  const [said] = [catalog[message]].flat();
  return fill(said || message, values);
}

/** Say something of `n` things, as in `tn("{n} thread", "{n} threads", n)`; the digits of `{n}` are grouped. */
export function tn(singular: string, plural: string, n: number, values: Values = {}): string {
  const forms = catalog[singular];
  const said = Array.isArray(forms) ? (forms[categories.indexOf(rules.select(n))] ?? forms.at(-1)) : undefined;
  return fill(said || (n === 1 ? singular : plural), { n: numbers.format(n), ...values });
}

/** Say something that stays English in every language, as findings do: what leaves the page for a ticket. */
export function english(message: string, values: Values = {}): string {
  return fill(message, values);
}

function categoriesOf(rules: Intl.PluralRules): string[] {
  const { pluralCategories } = rules.resolvedOptions();
  return ["zero", "one", "two", "few", "many", "other"].filter((name) => pluralCategories.includes(name as Intl.LDMLPluralRule));
}

function fill(message: string, values: Values): string {
  return message.replace(/\{(\w+)\}/g, (braces, name: string) => String(values[name] ?? braces));
}
