import { join } from 'node:path';
import { Failure } from '#domain/failures.ts';
import { findOnPath } from './find-on-path.ts';
import { runProgram } from './run-program.ts';

const GO_MINOR_MIN = 25;
const JAVA_MIN = 17;

/**
 * Path of a Go that builds the servers.
 * @throws Failure `configuration` that names the command that installs it.
 */
export async function requireGo(environment: NodeJS.ProcessEnv, what: string): Promise<string> {
  const go = findOnPath('go', environment);
  if (go === undefined)
    throw missing(`Go 1.${GO_MINOR_MIN} or newer is needed once to build ${what} and is not on the PATH`, installGo(environment));
  const version = /go(\d+)\.(\d+)\S*/.exec(await runProgram({ command: go, args: ['version'], environment }));
  if (Number(version?.[1]) === 1 && Number(version?.[2]) < GO_MINOR_MIN)
    throw missing(`Go 1.${GO_MINOR_MIN} or newer is needed once to build ${what}, and ${go} is ${version?.[0]}`, installGo(environment));
  return go;
}

/**
 * Path of a Java that runs Kafka: JAVA_HOME's, else the PATH's.
 * @throws Failure `configuration` that names the command that installs it.
 */
export async function requireJava(environment: NodeJS.ProcessEnv): Promise<string> {
  const java = environment['JAVA_HOME'] ? join(environment['JAVA_HOME'], 'bin', 'java') : findOnPath('java', environment);
  if (java === undefined)
    throw missing(`Java ${JAVA_MIN} or newer is needed to run Kafka and is not on the PATH`, installJava(environment));
  const version = /version "(\d+)/.exec(await runProgram({ command: java, args: ['-version'], environment }));
  if (Number(version?.[1]) < JAVA_MIN)
    throw missing(`Java ${JAVA_MIN} or newer is needed to run Kafka, and ${java} is version ${version?.[1]}`, installJava(environment));
  return java;
}

/**
 * Path of Maven.
 * @throws Failure `configuration` that names the command that installs it.
 */
export function requireMaven(environment: NodeJS.ProcessEnv): string {
  const mvn = findOnPath('mvn', environment);
  if (mvn === undefined) throw missing('Maven is needed once to obtain Kafka and is not on the PATH', installJava(environment));
  return mvn;
}

function missing(found: string, install: string): Failure {
  return new Failure('configuration', `${found}. Install it with '${install}' and start again.`);
}

/** Distributions' own packages of Go are often older than what is asked for; snap's is current. */
function installGo(environment: NodeJS.ProcessEnv): string {
  return firstInstaller(environment, {
    brew: 'brew install go',
    snap: 'sudo snap install go --classic',
    dnf: 'sudo dnf install -y golang',
    pacman: 'sudo pacman -S go',
    apk: 'sudo apk add go',
    'apt-get': 'sudo apt-get install -y snapd && sudo snap install go --classic',
  });
}

function installJava(environment: NodeJS.ProcessEnv): string {
  return firstInstaller(environment, {
    brew: 'brew install openjdk maven',
    'apt-get': 'sudo apt-get install -y default-jre-headless maven',
    dnf: 'sudo dnf install -y java-latest-openjdk-headless maven',
    pacman: 'sudo pacman -S jre-openjdk-headless maven',
    apk: 'sudo apk add openjdk21-jre maven',
  });
}

function firstInstaller(environment: NodeJS.ProcessEnv, commands: Record<string, string>): string {
  const found = Object.keys(commands).find((name) => findOnPath(name, environment) !== undefined);
  return commands[found ?? ''] ?? Object.values(commands).at(-1) ?? '';
}
