import { useEffect, useRef } from "react";

import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { LoginForm, type LoginFormProps } from "./LoginForm";

export interface SessionEndedProps extends LoginFormProps {
  /** Looks whether the person has logged in in another tab. */
  onLook: () => void;
  onClose: () => void;
}

/** Asks to log in again, over the untouched screen. */
export function SessionEnded({ onLook, onClose, ...form }: SessionEndedProps) {
  const look = useRef(onLook);
  useEffect(() => {
    look.current = onLook;
  });
  useEffect(() => {
    const onSeen = (): void => {
      if (document.visibilityState === "visible") look.current();
    };
    document.addEventListener("visibilitychange", onSeen);
    return () => document.removeEventListener("visibilitychange", onSeen);
  }, []);
  return (
    <Dialog title="Your session has ended" onClose={onClose}>
      <p>Log in again to go on. What you have written stays.</p>
      <LoginForm {...form} inDialog />
      <Button look="plain" onClick={onClose}>
        Not now
      </Button>
    </Dialog>
  );
}
