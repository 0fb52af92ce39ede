import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Obtaining, Tool } from './obtain.ts';
import { obtain } from './obtain.ts';
import { runProgram } from './run-program.ts';
import { requireJava, requireMaven } from './toolchain.ts';

/** Kafka's jars and the Java that runs them. */
export type KafkaTool = { folder: string; java: string };

const LIBRARY = 'lib';

/**
 * Kafka as its jars. The logging provider is named because Kafka's artifact brings none, and a broker without one is
 * silent.
 */
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>pinflow</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.3.1</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

const log4j = `log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %p %c - %m%n
`;

const kafkaJars: Tool = {
  name: 'kafka',
  version: '4.3.1',
  title: 'Kafka',
  product: 'pom.xml',
  async build(folder, environment, signal) {
    const mvn = requireMaven(environment);
    writeFileSync(join(folder, 'pom.xml'), pom);
    writeFileSync(join(folder, 'log4j.properties'), log4j);
    await runProgram({ command: mvn, args: ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${join(folder, LIBRARY)}`], environment, cwd: folder, signal });
  },
};

/** Gets Kafka and finds the Java for it. */
export async function obtainKafka(obtaining: Obtaining): Promise<KafkaTool> {
  const java = await requireJava(obtaining.environment);
  const { path } = await obtain(kafkaJars, obtaining);
  return { folder: join(path, '..'), java };
}

/**
 * The arguments of a JVM that runs something of Kafka, whose working directory must be the tool's folder: names
 * relative to it stay the same wherever the cache is, which a class archive wants.
 */
export function javaArguments(tool: KafkaTool, temporaryFolder: string): string[] {
  const classPath = readdirSync(join(tool.folder, LIBRARY)).sort().map((jar) => join(LIBRARY, jar)).join(':');
  const archive = join(tool.folder, CLASS_ARCHIVE);
  return [
    '-Xms384m', '-Xmx384m', '-XX:+UseSerialGC', `-Djava.io.tmpdir=${temporaryFolder}`, `-XX:ErrorFile=${join(temporaryFolder, 'java-error-%p.log')}`, '-Dlog4j.configuration=file:log4j.properties',
    ...(existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`, '-Xshare:auto', '-Xlog:cds=off'] : []),
    '-cp', classPath,
  ];
}

const CLASS_ARCHIVE = 'kafka.jsa';
