/** What the system says against reading or writing a file, in words. */

type Reason = readonly [meaning: string, fix: string];

/** What Node's error codes mean, and what to do. */
const reasons: Readonly<Record<string, Reason>> = {
  ENOENT: ["There is no such file or folder.", "Check the path."],
  EACCES: ["The permissions forbid it.", "Change the permissions, or choose another place."],
  EPERM: ["The system forbids it.", "Change the permissions, or choose another place."],
  EROFS: ["The disk can only be read.", "Choose another place."],
  EISDIR: ["This is a folder, not a file.", "Give the path of a file."],
  ENOTDIR: ["A part of the path is a file, not a folder.", "Check the path."],
  ENOSPC: ["The disk is full.", "Free some space, or choose another place."],
  EDQUOT: ["Your share of the disk is used up.", "Free some space, or choose another place."],
  EFBIG: ["The file is too long for this file system.", "Choose another place."],
  ENAMETOOLONG: ["The path is too long.", "Choose a shorter name."],
  ELOOP: ["The links in the path lead round in a circle.", "Check the path."],
  EMFILE: ["Too many files are open.", "Close some of them."],
  ENFILE: ["Too many files are open.", "Close some of them."],
  EBUSY: ["Another program is using the file.", "Close that program."],
  EIO: ["The disk reported a fault.", "Check the disk, or choose another place."],
  ERR_INVALID_ARG_VALUE: ["This is not a valid path.", "Check the path."],
  ERR_INVALID_ARG_TYPE: ["This is not a path.", "Give the path as text."],
};

/** What they mean besides where a new file was to be made. */
const writingReasons: typeof reasons = {
  ENOENT: [
    "The folder does not exist, or takes no files.",
    "Make the folder, or choose another place.",
  ],
};

/** By Node's error code; undefined for the unusual. */
export const readingReason = (code: string | undefined): Reason | undefined =>
  code === undefined ? undefined : reasons[code];

/** The same, where a new file was to be made. */
export const writingReason = (code: string | undefined): Reason | undefined =>
  code === undefined ? undefined : { ...reasons, ...writingReasons }[code];
