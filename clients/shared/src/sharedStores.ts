import { once } from "./schedule";
import { keyOf, type Session } from "./session";
import type { LiveStore, TimerStore } from "./store";

interface SharedStore {
  readonly store: LiveStore;
  holders: number;
}

/** One store for each session. It closes when its last holder closes. */
export class SharedStores {
  readonly #newStore: (session: Session) => LiveStore;
  readonly #all = new Map<string, SharedStore>();

  constructor(make: (session: Session) => LiveStore) {
    this.#newStore = make;
  }

  acquire(session: Session): TimerStore {
    const key = keyOf(session);
    const shared = this.#open(key) ?? { store: this.#newStore(session), holders: 0 };
    this.#all.set(key, shared);
    shared.holders++;
    shared.store.renew(session);
    return share(shared.store, () => {
      if (--shared.holders > 0) return;
      shared.store.close();
      if (this.#all.get(key) === shared) this.#all.delete(key);
    });
  }

  /** Two logins within a second can give the same token: an expired store is not reused. */
  #open(key: string): SharedStore | undefined {
    const shared = this.#all.get(key);
    return shared?.store.screen.getSnapshot().status.kind === "expired" ? undefined : shared;
  }

  /** Gives the session's store its new token. */
  renew(session: Session): void {
    this.#all.get(keyOf(session))?.store.renew(session);
  }

  expire(session: Session): void {
    this.#all.get(keyOf(session))?.store.expire();
  }

  closeAll(): void {
    for (const { store } of this.#all.values()) store.close();
    this.#all.clear();
  }
}

/** One holder's view of a store. Its close also removes its listeners. */
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
