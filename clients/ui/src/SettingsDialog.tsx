import type { Account, Settings, Visibility } from "@clockwork/shared";
import { useEffect, useState, type FormEvent } from "react";

import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { Field } from "./Field";
import { Notice } from "./Notice";
import { sentenceOf } from "./sentence";
import classes from "./SettingsDialog.module.css";

export interface SettingsDialogProps {
  account: Account;
  /** undefined if they are not known yet. */
  settings: Settings | undefined;
  onSaved: (settings: Settings) => void;
  onClose: () => void;
}

const weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const visibilities: readonly { team: Visibility; label: string }[] = [
  { team: "full", label: "Everything: issue, comment and time" },
  { team: "status", label: "Only that I work" },
  { team: "none", label: "Nothing" },
];

/** The daily target, the workdays, and what the team sees. */
export default function SettingsDialog({ account, settings: known, onSaved, onClose }: SettingsDialogProps) {
  const [settings, setSettings] = useState(known);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (settings) return;
    const abort = new AbortController();
    account.settings({ signal: abort.signal }).then(setSettings, (thrown: unknown) => !abort.signal.aborted && setProblem(sentenceOf(thrown)));
    return () => abort.abort();
  }, [account, settings]);

  const save = async (entered: Settings, before: Settings): Promise<void> => {
    let saved = before;
    try {
      const { team, ...time } = entered;
      if (time.dailyTargetMinutes !== before.dailyTargetMinutes || String(time.workdays) !== String(before.workdays)) saved = await account.saveWorkingTime(time);
      if (team !== before.team) saved = await account.saveVisibility(team);
      onClose();
    } catch (thrown) {
      setProblem(sentenceOf(thrown));
    } finally {
      onSaved(saved);
      setSettings(saved);
      setBusy(false);
    }
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (busy || !settings) return;
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(undefined);
    void save(
      {
        dailyTargetMinutes: 60 * Number(form.get("hours")) + Number(form.get("minutes")),
        workdays: form.getAll("workday").map(Number),
        team: form.get("team") as Visibility,
      },
      settings,
    );
  };
  return (
    <Dialog title="Working time and privacy" onClose={onClose}>
      {problem && <Notice onDismiss={() => setProblem(undefined)}>{problem}</Notice>}
      {!settings && !problem && <p>Loading</p>}
      {settings && (
        <form className={classes.form} onSubmit={submit}>
          <fieldset className={classes.part}>
            <legend>Daily target</legend>
            <div className={classes.time}>
              <Field label="Hours" name="hours" type="number" min={0} max={24} step={1} required defaultValue={Math.floor(settings.dailyTargetMinutes / 60)} />
              <Field label="Minutes" name="minutes" type="number" min={0} max={59} step={1} required defaultValue={settings.dailyTargetMinutes % 60} />
            </div>
          </fieldset>
          <fieldset className={classes.part}>
            <legend>Workdays</legend>
            <div className={classes.weekdays}>
              {weekdays.map((name, i) => (
                <label key={name} title={name}>
                  <input type="checkbox" name="workday" value={i + 1} defaultChecked={settings.workdays.includes(i + 1)} aria-label={name} />
                  <span aria-hidden="true">{name.slice(0, 3)}</span>
                </label>
              ))}
            </div>
          </fieldset>
          <fieldset className={classes.part}>
            <legend>What the team sees of me</legend>
            {visibilities.map(({ team, label }) => (
              <label key={team}>
                <input type="radio" name="team" value={team} defaultChecked={settings.team === team} /> {label}
              </label>
            ))}
          </fieldset>
          <div className={classes.buttons}>
            <Button type="submit" aria-disabled={busy}>
              {busy ? "Saving" : "Save"}
            </Button>
            <Button look="plain" onClick={onClose}>
              Cancel
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
