// Completions of frames that the card dropped, among those of frames that went out: their tags wait in a FIFO and
// leave with time stamp 0 before anything else does. 1024 places are more than the frames that the shell and the card
// together can have under way.
// SPDX-License-Identifier: MIT OR Apache-2.0
`default_nettype none

module fogline_completions #(
    parameter TAG_WIDTH = 16,
    parameter TIME_WIDTH = 96
) (
    input  wire                  clock,
    input  wire                  reset,
    input  wire                  dropped_valid,
    input  wire [TAG_WIDTH-1:0]  dropped_tag,
    input  wire [TIME_WIDTH-1:0] s_time,
    input  wire [TAG_WIDTH-1:0]  s_tag,
    input  wire                  s_valid,
    output wire                  s_ready,
    output wire [TIME_WIDTH-1:0] m_time,
    output wire [TAG_WIDTH-1:0]  m_tag,
    output wire                  m_valid,
    input  wire                  m_ready
);
    reg [TAG_WIDTH-1:0] tags [0:1023];
    reg [9:0] head, tail;
    reg [TAG_WIDTH-1:0] tag;
    reg waits;
    // A completion of the shell's that stands without being taken must stay what it is.
    reg stalled;

    wire from_card = waits && !stalled;
    wire load = (from_card && m_ready) || !waits;
    assign m_valid = waits || s_valid;
    assign m_tag = from_card ? tag : s_tag;
    assign m_time = from_card ? {TIME_WIDTH{1'b0}} : s_time;
    assign s_ready = m_ready && !from_card;

    always @(posedge clock) begin
        stalled <= s_valid && !from_card && !m_ready;
        if (dropped_valid) begin
            tags[head] <= dropped_tag;
            head <= head + 10'd1;
        end
        if (load) begin
            tag <= tags[tail];
            waits <= head != tail;
            if (head != tail) tail <= tail + 10'd1;
        end
        if (reset) begin
            head <= 10'd0;
            tail <= 10'd0;
            waits <= 1'b0;
            stalled <= 1'b0;
        end
    end
endmodule

`default_nettype wire
