import type { ReactNode } from "react";

import { Button } from "./Button";
import classes from "./Notice.module.css";

export interface NoticeProps {
  children: ReactNode;
  /** alert is read out at once; status when there is a pause. */
  role?: "alert" | "status";
  /** Buttons that help. */
  actions?: ReactNode;
  onDismiss?: () => void;
}

/** A sentence that a person should read. */
export function Notice({ children, role = "alert", actions, onDismiss }: NoticeProps) {
  return (
    <div className={classes.notice}>
      <p role={role}>{children}</p>
      {actions}
      {onDismiss && (
        <Button look="plain" onClick={onDismiss}>
          Dismiss
        </Button>
      )}
    </div>
  );
}
