namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>
/// Puts assignments that happen at once (the phis of a block, on one edge) into an order in which none reads what another has already
/// overwritten; a cycle is broken with a fresh register.
/// </summary>
internal static class ParallelCopy
{
    /// <param name="copies">Target and source; targets are distinct, sources may be constants.</param>
    /// <param name="temporary">A fresh register of the same class as the one given.</param>
    /// <param name="move">Receives the moves in order: target, source.</param>
    public static void Sequence(IEnumerable<(string Target, string Source)> copies, Func<string, string> temporary, Action<string, string> move)
    {
        List<(string Target, string Source)> pending = [.. copies.Where(copy => copy.Target != copy.Source)];
        while (pending.Count > 0)
        {
            int free = pending.FindIndex(copy => !pending.Exists(other => other.Source == copy.Target));
            if (free >= 0)
            {
                move(pending[free].Target, pending[free].Source);
                pending.RemoveAt(free);
                continue;
            }
            // every target is still to be read: keep one aside, which frees it
            string saved = temporary(pending[0].Target);
            move(saved, pending[0].Target);
            for (int i = 0; i < pending.Count; i++)
            {
                if (pending[i].Source == pending[0].Target)
                {
                    pending[i] = (pending[i].Target, saved);
                }
            }
        }
    }
}
