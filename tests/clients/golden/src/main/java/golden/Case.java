package golden;

/** How a message is filled. */
enum Case {
    /** Every field of the version has a value that is not its default; arrays have two elements. */
    FULL,
    /** What may be null is null. */
    NULLS,
    /** As FULL, with tagged fields nobody knows in every struct. */
    TAGGED,
    /** Empty strings and arrays, smallest numbers. */
    MIN,
    /** Lengths that need two bytes, largest numbers. */
    MAX
}
