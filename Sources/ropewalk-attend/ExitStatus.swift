// Knows the numbers with which the attendant ends. Unaware of how its program ended.

/// The attendant's own exit status, after `sysexits.h`; 0 says that an end record was written.
enum ExitStatus {
  static let ended: Int32 = 0
  /// Called with anything but one folder.
  static let usage: Int32 = 64
  /// The folder or its spec cannot be read, or the folder was used before.
  static let unreadable: Int32 = 65
  /// The end record could not be written.
  static let recordFailed: Int32 = 74
}
