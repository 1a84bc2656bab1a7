export interface StripProps {
  onSettings: () => void;
}

/** The upper edge of the login page, with which one moves the frameless window. The screen of a session has its own. */
export function Strip({ onSettings }: StripProps) {
  return (
    <header className="desktop-strip">
      <button type="button" onClick={onSettings}>
        Settings
      </button>
    </header>
  );
}
