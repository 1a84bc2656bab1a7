import { clock, isCounting, type RunningTimer } from "@clockwork/shared";
import { useCounted } from "@clockwork/shared/react";
import { useEffect } from "react";

export interface TimerTitleProps {
  timer: RunningTimer | null;
  clockOffset: number;
  stale: boolean;
}

/** The icon of the page while no time counts: only its frame. */
const idleIcon = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="none" stroke="#0a5b50" stroke-width="4" d="M2 2h28v28H2z"/><path fill="#0a5b50" d="M13 8h6v6h-6zM13 18h6v6h-6z"/></svg>')}`;

/** Shows the counted time in the window's title. A component of its own, so that a second redraws nothing else. */
export function TimerTitle({ timer, clockOffset, stale }: TimerTitleProps) {
  const time = clock(useCounted(timer, clockOffset));
  const what = [time, timer?.issueKey, timer?.onHold && "(on hold)", stale && "(last known)"].filter(Boolean).join(" ");
  const title = timer ? `${what} · Clockwork` : "Clockwork";
  useEffect(() => {
    document.title = title;
  }, [title]);
  const counts = timer !== null && isCounting(timer);
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (!icon || counts) return;
    const running = icon.href;
    icon.href = idleIcon;
    return () => {
      icon.href = running;
    };
  }, [counts]);
  useEffect(
    () => () => {
      document.title = "Clockwork";
    },
    [],
  );
  return null;
}
