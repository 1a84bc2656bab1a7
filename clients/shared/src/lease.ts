import { once } from "./schedule";
import type { Session } from "./session";
import type { LiveStore, TimerStore } from "./store";

interface Shared {
  readonly store: LiveStore;
  holders: number;
}

/** One store for each session, which ends when all who took it have closed theirs. */
export class Leases {
  readonly #make: (session: Session) => LiveStore;
  readonly #all = new Map<string, Shared>();

  constructor(make: (session: Session) => LiveStore) {
    this.#make = make;
  }

  take(session: Session): TimerStore {
    const shared = this.#living(session.token) ?? { store: this.#make(session), holders: 0 };
    this.#all.set(session.token, shared);
    shared.holders++;
    shared.store.renew(session);
    return share(shared.store, () => {
      if (--shared.holders > 0) return;
      shared.store.close();
      if (this.#all.get(session.token) === shared) this.#all.delete(session.token);
    });
  }

  /** Who logs in twice in a second gets one token twice: an expired store does not come back. */
  #living(token: string): Shared | undefined {
    const shared = this.#all.get(token);
    return shared?.store.screen.getSnapshot().status.kind === "expired" ? undefined : shared;
  }

  expire(session: Session): void {
    this.#all.get(session.token)?.store.expire();
  }

  closeAll(): void {
    for (const { store } of this.#all.values()) store.close();
    this.#all.clear();
  }
}

/** A store of whose listeners none is left after close. */
function share(store: LiveStore, onClose: () => void): TimerStore {
  const subscriptions = new Set<() => void>();
  return {
    ...store.screen,
    subscribe(listener) {
      const unsubscribe = store.screen.subscribe(listener);
      subscriptions.add(unsubscribe);
      return () => {
        subscriptions.delete(unsubscribe);
        unsubscribe();
      };
    },
    close: once(() => {
      for (const unsubscribe of subscriptions) unsubscribe();
      onClose();
    }),
  };
}
