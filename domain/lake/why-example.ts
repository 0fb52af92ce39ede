/** A reason to let a publish go as one might be given. Apart from the schema: the help of a command loads no validator. */
export const whyExample = 'the log of clean_pins cannot be read';
