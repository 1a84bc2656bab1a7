import { Button } from "./Button";
import { Dialog } from "./Dialog";
import classes from "./ShortcutHelp.module.css";

export interface ShortcutHelpProps {
  onClose: () => void;
  enabled: boolean;
  onEnable: (enabled: boolean) => void;
}

const control = typeof navigator !== "undefined" && /^Mac|^iP/.test(navigator.platform) ? "⌘" : "Ctrl+";

const keys: readonly (readonly [string, string])[] = [
  ["s", "Stop the running timer, or go to the issue to start one"],
  ["/", `Search for an issue; while you write too: ${control}K`],
  ["1–6", "Start a recent issue, or switch to it"],
  ["o", "Open the running issue in Jira"],
  ["[ ]", "Show the week before, or the week after"],
  ["t", "Show today"],
  ["c", "Copy the day that is shown as text"],
  ["f", "Show the time large, or small again"],
  ["Alt+Enter", "In the form: start beside what runs"],
  [`${control}Enter`, "On an issue that was found, or a click with that key: open it in Jira"],
  [`${control}.`, "Stop, while you write too"],
  ["?", "Show these keys"],
  ["Esc", "Close what is open"],
];

/** Lists the shortcuts, and lets people switch them off. */
export function ShortcutHelp({ onClose, enabled, onEnable }: ShortcutHelpProps) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
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
    </Dialog>
  );
}
