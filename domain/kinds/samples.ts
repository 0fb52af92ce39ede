import { ofKinds } from '#domain/kinds/list.ts';

/** A row of each kind with every field, as clients send it: what fails on these fails on all. */
export const exampleRows = ofKinds(({ wire }): Readonly<Record<string, unknown>> =>
  Object.fromEntries(wire.map(({ name, example }) => [name, example])),
);
