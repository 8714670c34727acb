namespace Managed.Peers;

/// <summary>A line to an engine's process: what it shall do.</summary>
/// <param name="Verb">open, run or memory.</param>
/// <param name="File">To open.</param>
/// <param name="Threads">To open with.</param>
/// <param name="Case">To run.</param>
/// <param name="Tokens">Steps of decoding.</param>
internal sealed record HostRequest(string Verb, string? File = null, int Threads = 0, string? Case = null, int Tokens = RaceCase.DecodedTokens);

/// <summary>The line that comes back.</summary>
/// <param name="Error">Why nothing was done; null: it was.</param>
/// <param name="Seconds">That it took.</param>
/// <param name="ProcessorSeconds">Of them, those that the calling thread was on a processor.</param>
/// <param name="Description">Of the engine, when a file was opened.</param>
/// <param name="ResidentBytes">Of the process, file and all.</param>
/// <param name="FileBytes">Of them, pages of mapped files.</param>
/// <param name="PeakBytes">The most so far.</param>
internal sealed record HostReply(string? Error = null, double Seconds = 0, double ProcessorSeconds = 0, string? Description = null, long ResidentBytes = 0, long FileBytes = 0, long PeakBytes = 0);
