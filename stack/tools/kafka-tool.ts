import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tool } from './obtain.ts';
import { runProgram } from './run-program.ts';
import { requireMaven } from './toolchain.ts';

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

/** Kafka's jars; the product is the folder that holds them. */
export const kafkaTool: Tool = {
  name: 'kafka',
  version: '4.3.1',
  title: 'Kafka',
  product: 'lib',
  async build(folder, environment, signal) {
    const mvn = requireMaven(environment);
    writeFileSync(join(folder, 'pom.xml'), pom);
    await runProgram({ command: mvn, args: ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${join(folder, 'lib')}`], environment, cwd: folder, signal });
  },
};
