/** A button that copies text, also where the browser keeps the clipboard from pages that came over plain HTTP. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { t } from "../lib/text";

const TOLD_MS = 2_500;

export function CopyButton({ label, text }: { label: string; text(): string }) {
  const told = useSignal("");
  useEffect(() => {
    if (!told.value) return;
    const timer = setTimeout(() => (told.value = ""), TOLD_MS);
    return () => clearTimeout(timer);
  }, [told.value]);
  async function copy(): Promise<void> {
    told.value = (await copyText(text())) ? t("Copied") : t("The browser did not let it");
  }
  return (
    <span class="copy">
      <button type="button" onClick={() => void copy()}>
        {label}
      </button>
      <span role="status">{told}</span>
    </span>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelection(text);
  }
}

/** The old way, which needs no secure connection: select text in the page and copy the selection. */
function copySelection(text: string): boolean {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
