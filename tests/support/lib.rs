//! What the test suites share: processes, waiting, paths.
