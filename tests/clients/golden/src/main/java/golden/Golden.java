package golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.utils.AppInfoParser;

/**
 * Writes, for every API the broker serves, what the Java client's codec makes of filled messages: one file an API, an
 * array with a line a message: its bytes (hex) and the client's own JSON rendering.
 */
public final class Golden {
    /** API keys with a fixture: those of the broker's table. */
    private static final short[] KEYS = {
        0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 22, 23, 32, 35, 37, 42, 44, 60
    };
    /** Versions that the reference release does not advertise as stable. */
    private static final short UNSTABLE_INIT_PRODUCER_ID = 6;

    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        Files.createDirectories(folder);
        for (short key : KEYS) {
            ApiMessageType api = ApiMessageType.fromApiKey(key);
            String name = camel(api.name);
            try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(folder.resolve(name + ".json")))) {
                List<String> lines = new ArrayList<>();
                collect(lines, api, name, "request");
                collect(lines, api, name, "response");
                out.println("[" + String.join(",\n", lines) + "]");
            }
        }
    }

    private static void collect(List<String> lines, ApiMessageType api, String name, String kind)
            throws Exception {
        boolean request = kind.equals("request");
        Schema[] schemas = request ? api.requestSchemas() : api.responseSchemas();
        short highest = api.apiKey() == 22 ? UNSTABLE_INIT_PRODUCER_ID - 1 : api.highestSupportedVersion(false);
        for (short version = api.lowestSupportedVersion(); version <= highest; version++) {
            Schema schema = schemas[version];
            if (schema == null) {
                continue;
            }
            Set<String> seen = new HashSet<>();
            for (Case filling : Case.values()) {
                ApiMessage message = request ? api.newRequest() : api.newResponse();
                new Filler(filling).fill(message, schema);
                var bytes = MessageUtil.toByteBufferAccessor(message, version).buffer();
                byte[] copy = new byte[bytes.remaining()];
                bytes.get(copy);
                String hex = HexFormat.of().formatHex(copy);
                if (!seen.add(hex)) {
                    continue;
                }
                ObjectNode line = JSON.createObjectNode();
                line.put("client", AppInfoParser.getVersion()).put("api", name).put("key", api.apiKey()).put("kind", kind).put("version", version);
                line.put("case", filling.name().toLowerCase()).put("hex", hex);
                line.set("json", render(message, version));
                lines.add(JSON.writeValueAsString(line));
            }
        }
    }

    private static JsonNode render(ApiMessage message, short version) throws Exception {
        Class<?> converter = Class.forName(message.getClass().getName() + "JsonConverter");
        return (JsonNode) converter.getMethod("write", message.getClass(), short.class).invoke(null, message, version);
    }

    /** {@code list_offsets} to {@code ListOffsets}; the type table already writes most names so. */
    private static String camel(String name) {
        StringBuilder out = new StringBuilder();
        for (String word : name.split("_")) {
            out.append(Character.toUpperCase(word.charAt(0))).append(word.substring(1));
        }
        return out.toString();
    }

    private Golden() {}
}
