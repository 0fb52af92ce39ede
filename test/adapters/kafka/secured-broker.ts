import { readFileSync, writeFileSync } from 'node:fs';
import { findFreePorts } from '#stack/free-ports.ts';
import { makeKafka } from '#stack/servers/kafka.ts';
import { obtainKafka } from '#stack/tools/kafka-tool.ts';
import type { Authority } from '#test/support/certificates.ts';
import { makeAuthority } from '#test/support/certificates.ts';
import { makeObtaining, startOwnServer } from '#test/support/own-server.ts';
import { makeTestHome } from '#test/support/stack-home.ts';

/** A broker as hosted ones are: one listener for each way in, and a user that every SASL mechanism knows. */
export type SecuredBroker = {
  authority: Authority;
  /** host:port of each listener; `mtls` wants a client certificate of the authority. */
  listeners: Record<'plaintext' | 'ssl' | 'mtls' | 'saslPlaintext' | 'saslSsl', string>;
  username: string;
  password: string;
  stop(): Promise<void>;
};

const username = 'pinflow';
const password = 'a password with blanks';
const scramMechanisms = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];

export async function startSecuredBroker(): Promise<SecuredBroker> {
  const home = makeTestHome();
  const obtaining = makeObtaining();
  const tool = await obtainKafka(obtaining);
  const authority = makeAuthority(home.at('certificates'), 'broker-authority');
  const { certFile, keyFile } = authority.issue('broker', ['127.0.0.1']);
  const keyStore = home.at('certificates', 'broker-both.pem');
  writeFileSync(keyStore, readFileSync(keyFile, 'utf8') + readFileSync(certFile, 'utf8'), { mode: 0o600 });

  const [kafka = 0, kafkaController = 0, ssl = 0, mtls = 0, saslPlaintext = 0, saslSsl = 0] = await findFreePorts(6);
  const at = (port: number): string => `127.0.0.1:${port}`;
  const addresses = `PLAINTEXT://${at(kafka)},SSL://${at(ssl)},MTLS://${at(mtls)},SASL_PLAINTEXT://${at(saslPlaintext)},SASL_SSL://${at(saslSsl)}`;
  const properties = [
    `listeners=${addresses},CONTROLLER://${at(kafkaController)}`,
    `advertised.listeners=${addresses}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,MTLS:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL',
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${keyStore}`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${authority.caFile}`,
    'listener.name.mtls.ssl.client.auth=required',
    ...['sasl_plaintext', 'sasl_ssl'].flatMap((listener) => [
      `listener.name.${listener}.sasl.enabled.mechanisms=PLAIN,${scramMechanisms.join(',')}`,
      `listener.name.${listener}.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`,
      ...scramMechanisms.map(
        (mechanism) =>
          `listener.name.${listener}.${mechanism.toLowerCase()}.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;`,
      ),
    ]),
    '',
  ].join('\n');
  const formatArguments = scramMechanisms.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${username},password=${password}]`]);

  const extras = { properties, formatArguments };
  const { stop } = await startOwnServer(home, makeKafka(home, { kafka, kafkaController }, tool, obtaining.environment, extras));
  return {
    authority,
    listeners: { plaintext: at(kafka), ssl: at(ssl), mtls: at(mtls), saslPlaintext: at(saslPlaintext), saslSsl: at(saslSsl) },
    username,
    password,
    stop,
  };
}
