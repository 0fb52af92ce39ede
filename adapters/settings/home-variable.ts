/** The variable that names the home: alone here, as the command line's help needs it and none of the other settings. */
export const homeVariable = 'PINFLOW_HOME';
