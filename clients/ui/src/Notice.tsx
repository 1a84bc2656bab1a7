import type { ReactNode } from "react";

import { Button } from "./Button";
import classes from "./Notice.module.css";

export interface NoticeProps {
  children: ReactNode;
  /** alert is read out at once; status when there is a pause. */
  role?: "alert" | "status";
  onDismiss?: () => void;
}

/** A sentence that a person should read. */
export function Notice({ children, role = "alert", onDismiss }: NoticeProps) {
  return (
    <div className={classes.notice}>
      <p role={role}>{children}</p>
      {onDismiss && (
        <Button look="plain" onClick={onDismiss}>
          Dismiss
        </Button>
      )}
    </div>
  );
}
