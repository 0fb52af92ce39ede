import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { archiveKafkaClasses } from './archive-kafka-classes.ts';
import type { KafkaTool } from './kafka-java.ts';
import { kafkaLibrary } from './kafka-java.ts';
import type { Obtaining, Tool } from './obtain.ts';
import { obtain } from './obtain.ts';
import { runProgram } from './run-program.ts';
import { requireJava, requireMaven } from './toolchain.ts';

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
    await runProgram({
      command: mvn,
      args: ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${join(folder, kafkaLibrary)}`],
      environment,
      cwd: folder,
      signal,
    });
    await archiveKafkaClasses({ folder, java: await requireJava(environment) }, environment, signal);
  },
};

/** Gets Kafka and finds the Java for it. */
export async function obtainKafka(obtaining: Obtaining): Promise<KafkaTool> {
  const java = await requireJava(obtaining.environment);
  const { path } = await obtain(kafkaJars, obtaining);
  return { folder: dirname(path), java };
}
