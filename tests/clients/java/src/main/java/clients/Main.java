package clients;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.ArrayList;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Utils;

/** One errand of the Java client with default settings; prints what it saw as {@code name=value} lines. */
public final class Main {
    public static void main(String[] words) throws Exception {
        String bootstrap = words[1];
        switch (words[0]) {
            case "first" -> first(bootstrap, words[2]);
            case "group" -> group(bootstrap, words[2], Integer.parseInt(words[3]));
            case "admin" -> admin(bootstrap);
            case "transaction" -> transaction(bootstrap);
            case "murmur2" -> murmur2(List.of(words).subList(1, words.length));
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    private static Properties properties(String bootstrap) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("key.serializer", StringSerializer.class);
        properties.put("value.serializer", StringSerializer.class);
        properties.put("key.deserializer", StringDeserializer.class);
        properties.put("value.deserializer", StringDeserializer.class);
        return properties;
    }

    private static KafkaConsumer<String, String> member(String bootstrap, String group, String topic) {
        Properties properties = properties(bootstrap);
        properties.put("group.id", group);
        properties.put("auto.offset.reset", "earliest");
        KafkaConsumer<String, String> consumer = new KafkaConsumer<>(properties);
        consumer.subscribe(List.of(topic));
        return consumer;
    }

    /** Milliseconds from the start of main to the first record a fresh group reads. */
    private static void first(String bootstrap, String topic) {
        long begun = System.nanoTime();
        try (var consumer = member(bootstrap, "java-first", topic)) {
            while (consumer.poll(Duration.ofMillis(200)).isEmpty()) {
                if (System.nanoTime() - begun > 30_000_000_000L) throw new IllegalStateException("no record in 30 s");
            }
        }
        System.out.println("first_ms=" + (System.nanoTime() - begun) / 1_000_000);
    }

    /** Produces, then two members of one group share the partitions and see each record once. */
    private static void group(String bootstrap, String topic, int count) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (var producer = new KafkaProducer<String, String>(properties(bootstrap))) {
            for (int i = 0; i < count; i++) {
                sent.add(producer.send(new ProducerRecord<>(topic, "key-" + i, "value-" + i)));
            }
        }
        Set<String> placed = new HashSet<>();
        for (Future<RecordMetadata> one : sent) placed.add(one.get().partition() + "@" + one.get().offset());
        System.out.println("placed=" + placed.size());
        List<String> seen = new ArrayList<>();
        boolean shared = false;
        try (var one = member(bootstrap, "java", topic); var two = member(bootstrap, "java", topic)) {
            long begun = System.nanoTime();
            while ((seen.size() < count || !shared) && System.nanoTime() - begun < 60_000_000_000L) {
                for (var consumer : List.of(one, two)) {
                    for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(50))) {
                        seen.add(record.partition() + "@" + record.offset());
                    }
                }
                shared |= !one.assignment().isEmpty() && !two.assignment().isEmpty();
            }
            one.commitSync();
            two.commitSync();
        }
        System.out.println("seen=" + seen.size());
        System.out.println("distinct=" + new HashSet<>(seen).size());
        System.out.println("shared=" + shared);
        try (var later = member(bootstrap, "java", topic)) {
            int again = 0;
            for (int i = 0; i < 10; i++) again += later.poll(Duration.ofMillis(200)).count();
            System.out.println("again=" + again);
        }
    }

    private static void admin(String bootstrap) throws Exception {
        try (Admin admin = Admin.create(properties(bootstrap))) {
            admin.createTopics(List.of(new NewTopic("java-admin", 2, (short) 1))).all().get();
            admin.createPartitions(java.util.Map.of("java-admin", NewPartitions.increaseTo(3))).all().get();
            var topic = admin.describeTopics(List.of("java-admin")).allTopicNames().get().get("java-admin");
            System.out.println("partitions=" + topic.partitions().size());
            System.out.println("id=" + !topic.topicId().equals(org.apache.kafka.common.Uuid.ZERO_UUID));
            var resource = new ConfigResource(ConfigResource.Type.TOPIC, "java-admin");
            var config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
            System.out.println("retention=" + config.get("retention.ms").value());
            System.out.println("cluster=" + admin.describeCluster().clusterId().get().length());
            System.out.println("features=" + admin.describeFeatures().featureMetadata().get().finalizedFeatures().size());
            System.out.println("folders=" + admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).size());
            admin.deleteTopics(List.of("java-admin")).all().get();
            System.out.println("left=" + admin.listTopics().names().get().contains("java-admin"));
        }
    }

    /** How a transactional id is refused, and after how many milliseconds. */
    private static void transaction(String bootstrap) {
        Properties properties = properties(bootstrap);
        properties.put("transactional.id", "t");
        long begun = System.nanoTime();
        try (var producer = new KafkaProducer<String, String>(properties)) {
            producer.initTransactions();
            System.out.println("refused=accepted");
        } catch (Exception error) {
            System.out.println("refused=" + error.getClass().getSimpleName());
        }
        System.out.println("refused_ms=" + (System.nanoTime() - begun) / 1_000_000);
    }

    /** The partition of each key among 1000, as the default partitioner computes it. */
    private static void murmur2(List<String> keys) {
        for (String key : keys) {
            System.out.println(key + "=" + Utils.toPositive(Utils.murmur2(key.getBytes())) % 1000);
        }
    }

    private Main() {}
}
