namespace Managed.Constraints.Json;

/// <summary>JSON strings whose text an automaton accepts (null: any) and whose length in code points lies between two bounds.</summary>
internal sealed record StringShape(Dfa? Text, long MinLength, long MaxLength)
{
    /// <summary>The frame after the opening quote.</summary>
    public Frame Begin() => new StringFrame(this, 0, 0, default);

    private sealed class StringFrame(StringShape shape, int state, long length, JsonTextDecoder decoder) : Frame
    {
        public override void Read(byte value, ParseStep step)
        {
            if (!decoder.IsPartial && value == '"')
            {
                if (length >= shape.MinLength && (shape.Text is null || shape.Text.Accepts(state)))
                    step.Go(EndFrame.Instance);
            }
            else if (length < shape.MaxLength && decoder.Take(value, out var next, out var reach) && CanRead(reach))
                step.Go(next.IsPartial ? new(shape, state, length, next) : new StringFrame(shape, shape.Text?.Step(state, reach.First) ?? 0, Longer, default));
        }

        private bool CanRead(in CodePointReach reach) =>
            shape.Text is not { } text || text.CanRead(state, reach.First, reach.Last) || text.CanRead(state, reach.SecondFirst, reach.SecondLast);

        // Counts no further than matters, so that long strings stay in one state.
        private long Longer => shape.MaxLength == long.MaxValue ? Math.Min(length + 1, shape.MinLength) : length + 1;

        private (StringShape, int, long, JsonTextDecoder) Key => (shape, state, length, decoder);
        public override bool Equals(object? other) => other is StringFrame frame && ReferenceEquals(frame.Key.Item1, shape) && frame.Key.Equals(Key);
        public override int GetHashCode() => HashCode.Combine(state, length, decoder);
    }
}
