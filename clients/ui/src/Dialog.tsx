import { useEffect, useId, useRef, type ReactNode } from "react";

import classes from "./Dialog.module.css";

export interface DialogProps {
  title: string;
  onClose: () => void;
  /** For lists. */
  wide?: boolean;
  children: ReactNode;
}

/**
 * A dialog over the screen, which does not change. Its heading first has the focus, so that keys that are being
 * typed have no effect.
 */
export function Dialog({ title, onClose, wide = false, children }: DialogProps) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    heading.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={classes.dialog}
      data-wide={wide || undefined}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose(); // beside the dialog
      }}
    >
      <div className={classes.inner}>
        <h2 ref={heading} id={id} tabIndex={-1} className={classes.heading}>
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}
