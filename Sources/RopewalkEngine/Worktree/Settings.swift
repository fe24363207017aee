// Knows the few settings of git that matter to a run, and how to read them.
// Unaware of what is done with them.

import Foundation

/// The user's git configuration as far as it matters here: lower-case names, last value wins.
struct Settings: Sendable {
  private let values: [String: String]

  subscript(name: String) -> String? { values[name] }

  static func read(git: Git, common: String) async throws(GitError) -> Settings {
    let names = #"^(user\.(name|email)|core\.(bare|worktree|excludesfile|sparsecheckout)"#
    let pattern = names + #"|extensions\.partialclone|filter\.lfs\.process)$"#
    let answer = try await git.run(
      ["config", "-z", "--get-regexp", pattern], in: .store(common: common), accepting: [0, 1])
    var values: [String: String] = [:]
    for field in answer.fields {
      let parts = field.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      values[String(parts[0])] = parts.count == 2 ? String(parts[1]) : "true"
    }
    return Settings(values: values)
  }

  func identity(environment: [String: String]) -> Repository.Identity {
    let name = environment["GIT_AUTHOR_NAME"] ?? values["user.name"] ?? ""
    let email = environment["GIT_AUTHOR_EMAIL"] ?? values["user.email"] ?? ""
    guard !name.isEmpty, !email.isEmpty else {
      return Repository.Identity(name: "ropewalk", email: "ropewalk@localhost")
    }
    return Repository.Identity(name: name, email: email)
  }

  func excludes(environment: [String: String]) -> String? {
    let home = environment["HOME"] ?? ""
    if let path = values["core.excludesfile"] {
      return path.hasPrefix("~/") ? home + path.dropFirst() : path
    }
    if let folder = environment["XDG_CONFIG_HOME"], !folder.isEmpty {
      return folder + "/git/ignore"
    }
    return home.isEmpty ? nil : home + "/.config/git/ignore"
  }

  /// What a worktree of this checkout will lack, as sentences for the user.
  func absences(top: String?) -> [String] {
    guard let top else { return [] }
    var absences: [String] = []
    if access(top + "/.gitmodules", F_OK) == 0 {
      absences.append(
        "submodules are empty in the worktrees; an agent that needs one runs "
          + "`git submodule update --init`")
    }
    let attributes = SmallFile.read(top + "/.gitattributes") ?? ""
    if attributes.contains("filter=lfs"), values["filter.lfs.process"] == nil {
      absences.append(
        "files kept by Git LFS are pointers in the worktrees; `git lfs install` lets git fetch them"
      )
    }
    return absences
  }

  func notices(common: String) -> [String] {
    var notices: [String] = []
    if access(common + "/shallow", F_OK) == 0 {
      notices.append(
        "the clone is shallow: agents see its cut history; `git fetch --unshallow` completes it")
    }
    if let remote = values["extensions.partialclone"] {
      notices.append("the clone is partial: missing files are fetched from `\(remote)` when needed")
    }
    if values["core.sparsecheckout"] == "true" {
      notices.append(
        "the checkout is sparse: worktrees hold the same part; `git sparse-checkout disable` ends it"
      )
    }
    return notices
  }
}
