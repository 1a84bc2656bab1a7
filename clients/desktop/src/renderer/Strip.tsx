export interface StripProps {
  onSettings: () => void;
  onHide: () => void;
}

/** The upper edge, by which the frameless window is moved. */
export function Strip({ onSettings, onHide }: StripProps) {
  return (
    <header className="desktop-strip">
      <button type="button" onClick={onSettings}>
        Settings
      </button>
      <button type="button" onClick={onHide} aria-keyshortcuts="Escape">
        Hide
      </button>
    </header>
  );
}
