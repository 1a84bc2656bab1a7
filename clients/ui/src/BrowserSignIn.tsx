import { useEffect, useRef, useState } from "react";

import classes from "./BrowserSignIn.module.css";
import { Button } from "./Button";

export interface BrowserSignInProps {
  /** Opens the browser. Resolves when the person is back, or has cancelled. */
  onBegin: () => Promise<void>;
  onCancel: () => void;
}

/** Opens the system's browser to sign in there. The person may have a session in it. */
export default function BrowserSignIn({ onBegin, onCancel }: BrowserSignInProps) {
  const [waits, setWaits] = useState(false);
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (waits) cancel.current?.focus();
  }, [waits]);

  if (!waits) {
    const begin = (): void => {
      setWaits(true);
      void onBegin().finally(() => setWaits(false));
    };
    return (
      <Button look="outline" className={classes.begin} onClick={begin}>
        Sign in with your browser
      </Button>
    );
  }
  return (
    <div className={classes.waits} role="status">
      <p>Go on in your browser. This window waits for you.</p>
      <Button ref={cancel} look="plain" onClick={onCancel}>
        Cancel
      </Button>
    </div>
  );
}
