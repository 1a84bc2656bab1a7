export interface StripProps {
  onSettings: () => void;
}

/** The upper edge, by which the frameless window is moved. */
export function Strip({ onSettings }: StripProps) {
  return (
    <header className="desktop-strip">
      <button type="button" onClick={onSettings}>
        Settings
      </button>
    </header>
  );
}
