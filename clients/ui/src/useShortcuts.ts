import { useEffect, useRef, useState } from "react";

export type Shortcuts = Readonly<Record<string, () => void>>;

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== "radio" && target.type !== "checkbox";
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Listens for single keys, except while a field has the focus or a dialog is open. */
export function useShortcuts(shortcuts: Shortcuts, enabled: boolean): void {
  const current = useRef(shortcuts);
  useEffect(() => {
    current.current = shortcuts;
  });
  useEffect(() => {
    if (!enabled) return;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
      if (event.defaultPrevented || isTyping(event.target) || document.querySelector("dialog[open]")) return;
      const run = current.current[event.key.toLowerCase()];
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
