import { exampleKind } from '#domain/kinds/list.ts';

/** A reason to let a publish go as one might be given. Apart from the schema: the help of a command loads no validator. */
export const whyExample = `the log of ${exampleKind.lakeTable} cannot be read`;
