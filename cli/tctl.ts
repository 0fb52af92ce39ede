import { InvalidArgumentError, Option } from 'commander';
import { pinflowVersion } from './version.ts';
import { makeProgram, runProgram } from './run-program.ts';
import { canonicalArguments } from './tctl/arguments.ts';
import { environmentNames, fromEnvironment } from './tctl/connection.ts';
import { addScheduleCommands } from './tctl/schedule-commands.ts';

/**
 * A stand-in for the schedule commands of Temporal's archived `tctl`, which cannot be had from the package registries:
 * same commands, options, environment names and answers. The schedules work with the original too.
 */
const contextTimeoutSeconds = 5;
const usageCode = 1;

const program = makeProgram('tctl')
  .description('Stand-in for the schedule commands of tctl 1.18. Global options stand before the command.')
  .version(`tctl stand-in of pinflow ${pinflowVersion()}`, '-v, --version', 'print the version')
  .enablePositionalOptions()
  .addHelpText('after', '\nExample:\n  $ tctl schedule trigger --schedule_id pin-batch\n\nExit codes: 0 done, 1 anything else.');

addGlobal('address', '--address <host:port>', 'Temporal frontend (also --ad; default: that of the running stack)');
addGlobal('namespace', '--namespace <name>', 'namespace (also --ns; default: default)');
addGlobal('context_timeout', '--context_timeout <seconds>', 'bound on each request (also --ct)', parseSeconds, contextTimeoutSeconds);
addGlobal('auth', '--auth <header>', 'authorization header of each request');
addGlobal('tls_cert_path', '--tls_cert_path <file>', 'client certificate');
addGlobal('tls_key_path', '--tls_key_path <file>', 'key of the client certificate');
addGlobal('tls_ca_path', '--tls_ca_path <file>', 'authorities that the server is checked against');
addGlobal('tls_server_name', '--tls_server_name <name>', "name that the server's certificate must bear");
program.addOption(
  new Option('--tls_disable_host_verification', 'not supported: give --tls_server_name').default(
    fromEnvironment('tls_disable_host_verification') === 'true',
  ),
);
addScheduleCommands(program);

await runProgram(program, canonicalArguments(process.argv.slice(2)), { usageCode, prefix: '' });

function addGlobal(
  name: keyof typeof environmentNames,
  flags: string,
  about: string,
  parse: (text: string) => unknown = (text) => text,
  otherwise?: unknown,
): void {
  const given = fromEnvironment(name);
  const option = new Option(flags, `${about} [${environmentNames[name]}]`).argParser(parse);
  program.addOption(option.default(given === undefined ? otherwise : parse(given)));
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1) throw new InvalidArgumentError('Expected whole seconds from 1.');
  return seconds;
}
