package golden;

import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;

/** Fills a generated message as the schema of one version allows, with values that differ from field to field. */
final class Filler {
    private static final int TWO_BYTE_LENGTH = 200;

    private final Case filling;
    private int counter;

    Filler(Case filling) {
        this.filling = filling;
    }

    void fill(Message message, Schema schema) throws Exception {
        boolean flexible = false;
        for (BoundField bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields tagged) {
                flexible = true;
                for (Map.Entry<Integer, Field> entry : tagged.fields().entrySet()) {
                    set(message, entry.getValue());
                }
            } else {
                set(message, bound.def);
            }
        }
        if (flexible && filling == Case.TAGGED) {
            message.unknownTaggedFields().add(new RawTaggedField(1000 + counter++ % 7, new byte[] {1, 2, 3}));
        }
    }

    private void set(Message message, Field field) throws Exception {
        Method setter = setter(message.getClass(), field.name);
        Class<?> raw = setter.getParameterTypes()[0];
        boolean nullable = field.type.isNullable() && !raw.isPrimitive();
        if (nullable && filling == Case.NULLS) {
            setter.invoke(message, new Object[] {null});
            return;
        }
        setter.invoke(message, value(raw, setter.getGenericParameterTypes()[0], field.type));
    }

    private Object value(Class<?> raw, Type generic, org.apache.kafka.common.protocol.types.Type type) throws Exception {
        if (Collection.class.isAssignableFrom(raw)) {
            return elements(raw, generic, type);
        }
        if (Message.class.isAssignableFrom(raw)) {
            Message nested = (Message) raw.getDeclaredConstructor().newInstance();
            fill(nested, (Schema) type);
            return nested;
        }
        counter++;
        if (raw == boolean.class) return filling != Case.MIN;
        if (raw == byte.class) return (byte) number(Byte.MIN_VALUE, Byte.MAX_VALUE);
        if (raw == short.class || raw == Short.class) return (short) number(Short.MIN_VALUE, Short.MAX_VALUE);
        if (raw == int.class || raw == Integer.class) {
            // An int may stand for an unsigned 16-bit field.
            boolean unsigned = type.toString().equals("UINT16");
            return unsigned ? (int) number(0, 65535) : (int) number(Integer.MIN_VALUE, Integer.MAX_VALUE);
        }
        if (raw == long.class || raw == Long.class) return number(Long.MIN_VALUE, Long.MAX_VALUE);
        if (raw == double.class) return counter + 0.5;
        if (raw == String.class) return text();
        if (raw == Uuid.class) return new Uuid(number(1, Long.MAX_VALUE), counter);
        if (raw == byte[].class) return text().getBytes();
        if (raw == ByteBuffer.class) return ByteBuffer.wrap(text().getBytes());
        if (raw == BaseRecords.class) return MemoryRecords.readableRecords(ByteBuffer.wrap(text().getBytes()));
        throw new IllegalStateException("no value for " + raw);
    }

    @SuppressWarnings("unchecked")
    private Object elements(Class<?> raw, Type generic, org.apache.kafka.common.protocol.types.Type type)
            throws Exception {
        Class<?> element = element(raw, generic);
        Collection<Object> all = raw == List.class
                ? new ArrayList<>()
                : (Collection<Object>) raw.getDeclaredConstructor().newInstance();
        var elementType = type.arrayElementType().orElseThrow();
        int count = switch (filling) {
            case MIN -> 0;
            case MAX -> Message.class.isAssignableFrom(element) || element == String.class ? 1 : 130;
            default -> 2;
        };
        for (int i = 0; i < count; i++) {
            all.add(value(element, element, elementType));
        }
        return all;
    }

    private static Class<?> element(Class<?> raw, Type generic) {
        Type of = raw == List.class ? generic : raw.getGenericSuperclass();
        return (Class<?>) ((ParameterizedType) of).getActualTypeArguments()[0];
    }

    private long number(long least, long most) {
        return switch (filling) {
            case MIN -> least;
            case MAX -> most;
            default -> 1 + counter % 100;
        };
    }

    private String text() {
        return switch (filling) {
            case MIN -> "";
            case MAX -> ("é" + counter).repeat(TWO_BYTE_LENGTH / 2);
            default -> "text-" + counter;
        };
    }

    /** Schema fields are snake_case, setters camelCase. */
    private static Method setter(Class<?> owner, String field) {
        String wanted = "set" + field.replace("_", "");
        for (Method method : owner.getMethods()) {
            if (method.getName().equalsIgnoreCase(wanted) && method.getParameterCount() == 1) {
                return method;
            }
        }
        throw new IllegalStateException(owner + " has no setter for " + field);
    }
}
