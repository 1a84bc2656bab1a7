import { useEffect, useId, useRef } from "react";

import { Button } from "./Button";
import classes from "./ShortcutHelp.module.css";

export interface ShortcutHelpProps {
  open: boolean;
  onClose: () => void;
  enabled: boolean;
  onEnable: (enabled: boolean) => void;
}

const keys: readonly (readonly [string, string])[] = [
  ["s", "Stop the running timer, or go to the issue to start one"],
  ["/", "Search for an issue; in a field too: Ctrl+K"],
  ["1–6", "Start a recent issue, or switch to it"],
  ["o", "Open the running issue in Jira"],
  ["f", "Show the time large, or small again"],
  ["Ctrl+.", "Stop, while you write too"],
  ["?", "Show these keys"],
  ["Esc", "Close what is open"],
];

/** Lists the shortcuts, and lets people switch them off. */
export function ShortcutHelp({ open, onClose, enabled, onEnable }: ShortcutHelpProps) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog
      ref={dialog}
      className={classes.dialog}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) onClose(); // beside the dialog
      }}
    >
      <div className={classes.inner}>
        <h2 id={id} className={classes.heading}>
          Keyboard shortcuts
        </h2>
        <dl className={classes.keys}>
          {keys.map(([key, does]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
        <label className={classes.enable}>
          <input type="checkbox" checked={enabled} onChange={(event) => onEnable(event.target.checked)} /> Use single keys
        </label>
        <Button onClick={onClose}>Close</Button>
      </div>
    </dialog>
  );
}
