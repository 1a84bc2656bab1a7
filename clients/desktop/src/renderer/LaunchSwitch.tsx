import { useEffect, useState } from "react";

import type { Bridge } from "../bridge";

/** Launch at login; shows nothing if the system has no such setting. */
export function LaunchSwitch({ bridge }: { bridge: Bridge }) {
  const [on, setOn] = useState<boolean | null>(null);
  useEffect(() => void bridge.launchesAtLogin().then(setOn, () => setOn(null)), [bridge]);
  if (on === null) return null;
  const change = (wanted: boolean): void => void bridge.setLaunchAtLogin(wanted).then(setOn, () => setOn(!wanted));
  return (
    <label className="desktop-switch">
      <input type="checkbox" checked={on} onChange={(event) => change(event.target.checked)} />
      Launch at login
    </label>
  );
}
