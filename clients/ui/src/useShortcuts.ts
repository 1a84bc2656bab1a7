import { useEffect, useRef, useState } from "react";

export type Shortcuts = Readonly<Record<string, () => void>>;

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== "radio" && target.type !== "checkbox";
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Listens for single keys, except while a field has the focus, and for keys with Control or Command anywhere. */
export function useShortcuts(shortcuts: Shortcuts, enabled: boolean, withControl: Shortcuts): void {
  const current = useRef({ shortcuts, withControl });
  useEffect(() => {
    current.current = { shortcuts, withControl };
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const withAlt = event.altKey && !/[[\]]/.test(event.key); // some keyboards have brackets with Alt only
      if (withAlt || event.repeat || event.isComposing || event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const control = event.ctrlKey || event.metaKey;
      if (!control && (!enabled || isTyping(event.target))) return;
      const run = (control ? current.current.withControl : current.current.shortcuts)[event.key.toLowerCase()];
      if (!run) return;
      event.preventDefault();
      run();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [enabled]);
}

const key = "shortcuts";

/** Whether single keys are shortcuts; stored in this browser. */
export function useShortcutsEnabled(): [boolean, (enabled: boolean) => void] {
  const [enabled, setEnabled] = useState(true);
  useEffect(() => {
    try {
      setEnabled(localStorage.getItem(key) !== "off");
    } catch {
      // storage is blocked: they are on
    }
  }, []);
  const change = (wanted: boolean): void => {
    setEnabled(wanted);
    try {
      if (wanted) localStorage.removeItem(key);
      else localStorage.setItem(key, "off");
    } catch {
      // storage is blocked: it lasts until the page is left
    }
  };
  return [enabled, change];
}
