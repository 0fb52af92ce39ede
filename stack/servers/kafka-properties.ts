/** Settings of one Kafka node that is broker and controller, with its log in `folder`. */
export function kafkaProperties(folder: string, port: number, controllerPort: number): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=${folder}
# Kafka's own topics ask for three replicas and fifty partitions by default.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
offsets.topic.num.partitions=2
transaction.state.log.num.partitions=2
# A new group would wait 3 s for members.
group.initial.rebalance.delay.ms=0
# The cleaner takes 128 MiB of the heap by default.
log.cleaner.dedupe.buffer.size=4194304
auto.create.topics.enable=false
# An idle controller writes a record twice a second by default, for followers to see how far they are; there are none.
metadata.max.idle.interval.ms=30000
num.network.threads=2
num.io.threads=3
log.segment.bytes=67108864
# After kill -9 the node cannot register anew, and keeps its port closed, until its old session has expired.
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
`;
}
