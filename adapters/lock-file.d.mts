/** A process as lock and pid files name it; the identity tells it from a later process with the same id. */
export type Holder = { pid: number; identity?: string | undefined };
export type Lock = { release(): void; holder?: undefined };

export function identityOf(pid: number): string | undefined;
export function isAlive(holder: Holder): boolean;
export function describeProcess(pid: number): Holder;
export function tryLock(file: string): Lock | { holder: Holder };
export function waitForLock(file: string, onWait?: (holder: Holder) => void, signal?: AbortSignal): Promise<Lock>;
