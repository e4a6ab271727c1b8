package client;

/** How a scenario says that it did not see what it must. */
final class Check {
    private Check() {}

    static void that(boolean held, String otherwise, Object... values) {
        if (!held) throw new AssertionError(String.format(otherwise, values));
    }
}
