// Every completion comes out once, each source's in order, and one that stands stays what it is.
`timescale 1ns/1ps
module completions_tb;
    reg clock = 0, reset = 1;
    always #2 clock = !clock;
    reg dropped_valid = 0, s_valid = 0, m_ready = 0;
    reg [15:0] dropped_tag = 0, s_tag = 0;
    reg [95:0] s_time = 0;
    wire s_ready, m_valid;
    wire [15:0] m_tag;
    wire [95:0] m_time;
    fogline_completions completions (
        .clock(clock), .reset(reset), .dropped_valid(dropped_valid), .dropped_tag(dropped_tag), .s_time(s_time),
        .s_tag(s_tag), .s_valid(s_valid), .s_ready(s_ready), .m_time(m_time), .m_tag(m_tag), .m_valid(m_valid),
        .m_ready(m_ready)
    );

    integer sent = 0, dropped = 0, got_sent = 0, got_dropped = 0, cycle;
    reg stood = 0;
    reg [111:0] was;
    always @(posedge clock) if (!reset) begin
        if (stood && (!m_valid || {m_time, m_tag} !== was)) begin $display("it changed"); $finish; end
        stood = m_valid && !m_ready;
        was = {m_time, m_tag};
        if (m_valid && m_ready) begin
            if (m_time == 0) begin
                if (m_tag !== got_dropped[15:0]) begin $display("a dropped frame's is out of order"); $finish; end
                got_dropped = got_dropped + 1;
            end else begin
                if (m_tag !== got_sent[15:0] || m_time !== got_sent + 1) begin $display("a sent frame's is out of order"); $finish; end
                got_sent = got_sent + 1;
            end
        end
        if (s_valid && s_ready) sent = sent + 1;
        if (dropped_valid) dropped = dropped + 1;
    end
    initial begin
        #20 @(posedge clock) reset <= 0;
        for (cycle = 0; cycle < 100000; cycle = cycle + 1) begin
            @(posedge clock); #1;
            // Never more than half of the places under way; phases with much and with little of each.
            dropped_valid = cycle < 99000 && dropped - got_dropped < 500 && ($random & (cycle[12] ? 1 : 7)) == 0;
            dropped_tag = dropped;
            if (!s_valid || sent != s_time - 1) begin
                s_valid = cycle < 99000 && ($random & (cycle[13] ? 1 : 7)) == 0;
                s_tag = sent;
                s_time = sent + 1;
            end
            m_ready = cycle > 99000 || ($random & (cycle[11] ? 3 : 1)) != 0;
        end
        if (got_sent !== sent || got_dropped !== dropped || sent < 1000 || dropped < 1000) $display("lost: %0d of %0d, %0d of %0d", got_sent, sent, got_dropped, dropped);
        else $display("passed");
        $finish;
    end
endmodule
