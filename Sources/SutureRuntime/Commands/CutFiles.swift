// SPDX-License-Identifier: Apache-2.0

import CSutureHost

/// Model files that another program cuts short while this process has them mapped.
package enum CutFiles {
    /// From now on, reading such a file ends the process with a sentence that names it, and with the code of a file that cannot
    /// be used. What was being written is left unfinished under its temporary name, for the next command to remove.
    package static func report() { suture_host_report_cut_files(RuntimeError.Kind.file.rawValue) }
}
