; Smart outlet: PIC16F88 with an HC-12 module, two relays and two current sensors.
; Frames and commands: docs/hc12-frame.md. Pins, timing and assembly: firmware/outlet/README.md.
;
; The interrupt routine receives and sends bytes, samples the sensors and counts time; everything else runs in the
; main loop with bank 0 selected. Times are counted in ticks of 390 us.

        list    r=dec, n=0
        include p16f88.inc
        errorlevel -302                 ; banks are selected explicitly

        __config _CONFIG1, _INTRC_IO & _WDT_ON & _PWRTE_ON & _MCLR_OFF & _BODEN_ON & _LVP_OFF & _CPD_OFF & _WRT_PROTECT_OFF & _DEBUG_OFF & _CCP1_RB0 & _CP_OFF
        __config _CONFIG2, _FCMEN_OFF & _IESO_OFF

; Defined by the build; the defaults are those of a bare gpasm run.
        ifndef  ADDRESS
        constant ADDRESS = 0xFE         ; of this outlet on the channel, 0x02 to 0xFE
        endif
        ifndef  MA_SCALE
        constant MA_SCALE = 25000       ; mA = 128 * (RMS in ADC steps) * MA_SCALE / 65536; 25000: 100 mV/A at 5 V
        endif

        constant VERSION_MAJOR = 1
        constant VERSION_MINOR = 0
        constant DEFAULT_THRESHOLD_MA = 10000
        constant NOISE_MA = 60          ; lower readings are reported as 0
        constant TRIP_WINDOWS = 5       ; consecutive windows of 100 ms above the threshold before a trip
        constant ANSWER_TICKS = 52      ; 20 ms before an answer
        constant SILENCE_TICKS = 26     ; 10 ms of silence before an event
        constant EVENT_ATTEMPTS = 3
        constant EVENT_WAIT_MIN = 17    ; pause of at least 53 ms; unit: 8 ticks (3.12 ms)

; Commands and refusals of the frame protocol.
        constant START = 0xA5
        constant CMD_PING = 0x01
        constant CMD_READ = 0x02
        constant CMD_SYNC = 0x03
        constant CMD_RELAY = 0x10
        constant CMD_SET_THRESHOLD = 0x11
        constant CMD_EVENT = 0x40
        constant CMD_EVENT_ACK = 0xC0
        constant CMD_NAK = 0xFF
        constant UNKNOWN_COMMAND = 1
        constant BAD_LENGTH = 2
        constant BAD_TOKEN = 3
        constant STALE = 4
        constant BAD_VALUE = 5

; PORTB
        constant SET_PIN = 4            ; of the HC-12; high: transparent mode
        constant PORTB_INPUTS = 0xE4    ; RB2 RX, RB5 TX (the UART drives it), RB6 and RB7 programming
        constant PORTA_INPUTS = 0x23    ; RA0 and RA1 sensors, RA5 input only

; flags, in the order of the state's first byte
        constant RELAY_A = 0
        constant RELAY_B = 1
        constant TRIP_A = 2
        constant TRIP_B = 3

; session
        constant HAS_TOKEN = 0
        constant CHANGED = 1

; tx_state
        constant TX_WAITING = 0
        constant TX_SENDING = 1

; EEPROM: two records of the threshold (high, low, CRC-16), and the number of starts
        constant EE_RECORD_1 = 0x00
        constant EE_RECORD_2 = 0x04
        constant EE_STARTS = 0x08

        constant RING = 0x10            ; 64 received bytes at 0x110, reached with IRP set
        constant RING_MASK = 0x3F
        constant TX_BUFFER = 0xA0

SHARED  udata_shr
w_save          res 1
status_save     res 1
pclath_save     res 1
fsr_save        res 1
rx_head         res 1
rx_tail         res 1
tx_pos          res 1
tx_len          res 1
tx_state        res 1
silence         res 1                   ; ticks since the last received byte, at most 255
answer_wait     res 1
event_wait      res 1
tick            res 1
sample_no       res 1                   ; even: sensor A, odd: sensor B
window_ready    res 1
ee_intcon       res 1

BANK0   udata   0x20
acc_a           res 7                   ; sum (3), sum of squares (4), low byte first
acc_b           res 7
snap_a          res 7
snap_b          res 7
s_lo            res 1
s_hi            res 1
p_lo            res 1
p_hi            res 1
p_x             res 1
flags           res 1
session         res 1
token_hi        res 1
token_lo        res 1
last_sequence   res 1
threshold_hi    res 1
threshold_lo    res 1
current_a_hi    res 1
current_a_lo    res 1
current_b_hi    res 1
current_b_lo    res 1
over_a          res 1
over_b          res 1
controller      res 1
event_sequence  res 1
event_left      res 1
rng_hi          res 1
rng_lo          res 1
ee_pending      res 1
f_length        res 1
f_destination   res 1
f_source        res 1
f_sequence      res 1
f_command       res 1
f_payload       res 4
t_destination   res 1
t_sequence      res 1
t_command       res 1
t_length        res 1
crc_hi          res 1
crc_lo          res 1
x0              res 1
x1              res 1
count           res 1

; Scratch of the RMS calculation and of the EEPROM; never used at the same time as the frame decoder's.
BANK1   udata   0xC0
m0              res 1                   ; 32-bit operand, low byte first
m1              res 1
m2              res 1
m3              res 1
n0              res 1                   ; 32-bit product or remainder
n1              res 1
n2              res 1
n3              res 1
r0              res 1                   ; 16-bit factor or root
r1              res 1
t0              res 1
t1              res 1
t2              res 1
loops           res 1
ee_address      res 1
ee_value        res 1

RING_RAM udata  0x110
ring            res 64
TX_RAM  udata   0xA0
tx_buffer       res 32

RESET_VECTOR code 0x000
        clrf    PCLATH
        goto    start

INTERRUPT code  0x004
        movwf   w_save
        swapf   STATUS, w
        clrf    STATUS                  ; bank 0, IRP clear
        movwf   status_save
        movf    PCLATH, w
        movwf   pclath_save
        clrf    PCLATH
        movf    FSR, w
        movwf   fsr_save

        btfss   PIR1, RCIF
        goto    isr_send
        btfss   RCSTA, OERR
        goto    isr_receive
        bcf     RCSTA, CREN             ; an overrun stops the receiver until it is restarted
        bsf     RCSTA, CREN
isr_receive
        movf    RCREG, w
        movwf   s_lo
        clrf    silence
        incf    rx_head, w
        andlw   RING_MASK
        xorwf   rx_tail, w
        btfsc   STATUS, Z
        goto    isr_send                ; full: drop the byte
        movf    rx_head, w
        addlw   RING
        movwf   FSR
        movf    s_lo, w
        bsf     STATUS, IRP
        movwf   INDF
        bcf     STATUS, IRP
        incf    rx_head, w
        andlw   RING_MASK
        movwf   rx_head

isr_send
        btfsc   tx_state, TX_SENDING
        btfss   PIR1, TXIF
        goto    isr_sample
        movf    tx_pos, w
        addlw   TX_BUFFER
        movwf   FSR
        movf    INDF, w
        movwf   TXREG
        incf    tx_pos, f
        movf    tx_pos, w
        xorwf   tx_len, w
        btfss   STATUS, Z
        goto    isr_sample
        bsf     STATUS, RP0
        bcf     PIE1, TXIE
        bcf     STATUS, RP0
        clrf    tx_state

isr_sample
        btfss   PIR1, ADIF
        goto    isr_tick
        bcf     PIR1, ADIF
        movlw   acc_a
        btfsc   sample_no, 0
        movlw   acc_b
        movwf   FSR
        movf    ADRESH, w
        andlw   0x03
        movwf   s_hi
        bsf     STATUS, RP0
        movf    ADRESL, w
        bcf     STATUS, RP0
        movwf   s_lo
        addwf   INDF, f                 ; sum += sample
        movf    s_hi, w
        btfsc   STATUS, C
        incf    s_hi, w
        incf    FSR, f
        addwf   INDF, f
        incf    FSR, f
        btfsc   STATUS, C
        incf    INDF, f
        incf    FSR, f
        ; s = |sample - 512|, at most 511
        btfsc   s_hi, 1
        goto    isr_square              ; bit 0 of s_hi and s_lo are the difference
        movf    s_lo, w
        iorwf   s_hi, w
        btfss   STATUS, Z
        goto    isr_negate
        movlw   0xFF
        movwf   s_lo
        movwf   s_hi
        goto    isr_square
isr_negate
        comf    s_hi, f
        comf    s_lo, f
        incf    s_lo, f
        btfsc   STATUS, Z
        incf    s_hi, f
isr_square
        clrf    p_lo
        clrf    p_hi
        clrf    p_x
        movf    s_lo, w
        bcf     STATUS, C               ; the bits that leave p_lo are zeros, so C stays clear
        variable bit = 0
        while   bit < 8
        btfsc   s_lo, bit
        addwf   p_hi, f
        rrf     p_hi, f
        rrf     p_lo, f
bit     set     bit + 1
        endw
        btfss   s_hi, 0
        goto    isr_add_square
        incf    p_x, f                  ; (256 + low)^2 = low^2 + 512 low + 65536
        rlf     s_lo, w
        btfsc   STATUS, C
        incf    p_x, f
        andlw   0xFE
        addwf   p_hi, f
        btfsc   STATUS, C
        incf    p_x, f
isr_add_square
        movf    p_lo, w
        addwf   INDF, f
        incf    FSR, f
        movf    p_hi, w
        btfsc   STATUS, C
        incfsz  p_hi, w
        addwf   INDF, f
        incf    FSR, f
        movf    p_x, w
        btfsc   STATUS, C
        incfsz  p_x, w
        addwf   INDF, f
        incf    FSR, f
        btfsc   STATUS, C
        incf    INDF, f
        incfsz  sample_no, f
        goto    isr_select
        variable byte = 0
        while   byte < 14
        movf    acc_a + byte, w
        movwf   snap_a + byte
        clrf    acc_a + byte
byte    set     byte + 1
        endw
        bsf     window_ready, 0
isr_select
        movlw   0x41                    ; Fosc/16, AN0
        btfsc   sample_no, 0
        movlw   0x49                    ; AN1
        movwf   ADCON0

isr_tick
        btfss   PIR1, TMR2IF
        goto    isr_end
        bcf     PIR1, TMR2IF
        bsf     ADCON0, GO
        incfsz  silence, w
        movwf   silence
        movf    answer_wait, f
        btfss   STATUS, Z
        decf    answer_wait, f
        incf    tick, f
        movf    tick, w
        andlw   0x07
        btfss   STATUS, Z
        goto    isr_end
        movf    event_wait, f
        btfss   STATUS, Z
        decf    event_wait, f

isr_end
        movf    fsr_save, w
        movwf   FSR
        movf    pclath_save, w
        movwf   PCLATH
        swapf   status_save, w
        movwf   STATUS
        swapf   w_save, f
        swapf   w_save, w
        retfie

MAIN    code
; ---------------------------------------------------------------- start
start
        clrf    STATUS
        clrf    INTCON
        clrf    PORTB                   ; both relays off before the pins become outputs
        clrf    PORTA
        bsf     PORTB, SET_PIN
        bsf     STATUS, RP0
        movlw   0x70                    ; 8 MHz
        movwf   OSCCON
        clrf    ANSEL
        movlw   PORTB_INPUTS
        movwf   TRISB
        movlw   PORTA_INPUTS
        movwf   TRISA
        movlw   0x03
        movwf   ANSEL
        movlw   0x07
        movwf   CMCON
        movwf   OPTION_REG              ; pull-ups on; the prescaler belongs to TMR0
        movlw   0xC0                    ; right-justified, with ADCS2
        movwf   ADCON1
        movlw   51                      ; 9600 baud
        movwf   SPBRG
        movlw   (1 << TXEN) | (1 << BRGH)
        movwf   TXSTA
        movlw   194                     ; 4 * 195 cycles of 0.5 us: one tick of 390 us
        movwf   PR2
        clrf    PIE1
        bcf     STATUS, RP0
        bsf     STATUS, RP1
        movlw   0x11                    ; watchdog on, 1:8192: 262 ms
        movwf   WDTCON
        bcf     STATUS, RP1
        clrwdt

        movlw   0x20
        movwf   FSR
clear_bank0
        clrf    INDF
        incf    FSR, f
        btfss   FSR, 7
        goto    clear_bank0             ; up to 0x7F, with the shared bytes

        movlw   0x01
        movwf   controller
        movwf   T1CON                   ; free-running, for the random numbers
        movlw   0x41
        movwf   ADCON0
        movlw   (1 << SPEN) | (1 << CREN)
        movwf   RCSTA
        movlw   0x05                    ; on, prescaler 4
        movwf   T2CON

        call    seed_random
        call    load_threshold
        clrwdt
        clrf    PIR1
        bsf     STATUS, RP0
        movlw   (1 << RCIE) | (1 << ADIE) | (1 << TMR2IE)
        movwf   PIE1
        bcf     STATUS, RP0
        movlw   (1 << GIE) | (1 << PEIE)
        movwf   INTCON

; ---------------------------------------------------------------- main loop
main
        btfss   window_ready, 0
        goto    main_frames
        bcf     window_ready, 0
        clrwdt                          ; only here: both the sampling and the main loop are alive
        call    measure
        call    refresh_pins
main_frames
        movf    tx_state, w
        btfss   STATUS, Z
        goto    main_transmit
        call    receive
        movf    tx_state, w
        btfss   STATUS, Z
        goto    main
        call    send_event
        movf    tx_state, w
        btfss   STATUS, Z
        goto    main
        btfss   ee_pending, 0
        goto    main
        bcf     ee_pending, 0
        movlw   EE_RECORD_2
        call    write_record
        goto    main
main_transmit
        btfss   tx_state, TX_WAITING
        goto    main                    ; the interrupt routine is sending
        movf    answer_wait, w
        btfss   STATUS, Z
        goto    main
        clrf    tx_pos
        movlw   1 << TX_SENDING
        movwf   tx_state
        bsf     STATUS, RP0
        bsf     PIE1, TXIE
        bcf     STATUS, RP0
        goto    main

; Write the relays and repeat the set-up of the pins, which a disturbance can change.
refresh_pins
        movf    flags, w
        andlw   (1 << RELAY_A) | (1 << RELAY_B)
        iorlw   1 << SET_PIN
        movwf   PORTB
        bsf     STATUS, RP0
        movlw   PORTB_INPUTS
        movwf   TRISB
        movlw   PORTA_INPUTS
        movwf   TRISA
        movlw   0x03
        movwf   ANSEL
        bcf     STATUS, RP0
        return

; ---------------------------------------------------------------- receiving
; W = byte at offset W of the received bytes.
peek
        addwf   rx_tail, w
        andlw   RING_MASK
        addlw   RING
        movwf   FSR
        bsf     STATUS, IRP
        movf    INDF, w
        bcf     STATUS, IRP
        return

; Find the next frame in the received bytes and handle it.
receive
        movf    rx_tail, w
        subwf   rx_head, w
        andlw   RING_MASK
        btfsc   STATUS, Z
        return
        movwf   count
        movlw   0
        call    peek
        xorlw   START
        btfss   STATUS, Z
        goto    drop_byte
        movlw   2
        subwf   count, w
        btfss   STATUS, C
        goto    incomplete
        movlw   1
        call    peek
        movwf   f_length
        addlw   -4
        sublw   24
        btfss   STATUS, C
        goto    drop_byte
        movf    f_length, w
        addlw   4
        subwf   count, w
        btfss   STATUS, C
        goto    incomplete
        call    crc_start
        incf    f_length, w
        movwf   count
        movlw   1
        movwf   x1                      ; offset
receive_crc
        movf    x1, w
        call    peek
        call    crc_byte
        incf    x1, f
        decfsz  count, f
        goto    receive_crc
        movf    x1, w
        call    peek
        xorwf   crc_hi, w
        btfss   STATUS, Z
        goto    drop_byte
        incf    x1, w
        call    peek
        xorwf   crc_lo, w
        btfss   STATUS, Z
        goto    drop_byte
        variable offset = 0
        while   offset < 8
        movlw   offset + 2              ; commands have at most 4 bytes of payload
        call    peek
        movwf   f_destination + offset
offset  set     offset + 1
        endw
        movf    f_length, w
        addlw   4
        addwf   rx_tail, w
        andlw   RING_MASK
        movwf   rx_tail
        goto    handle

incomplete
        incfsz  silence, w
        return                          ; less than 255 ticks (99 ms)
drop_byte
        incf    rx_tail, w
        andlw   RING_MASK
        movwf   rx_tail
        goto    receive

; ---------------------------------------------------------------- CRC-16/CCITT-FALSE
crc_start
        movlw   0xFF
        movwf   crc_hi
        movwf   crc_lo
        return

; Append W to the frame that is being built.
put
        movwf   INDF
        incf    FSR, f
; Add W to the CRC: x = hi ^ byte; x ^= x >> 4; hi = lo ^ x << 4 ^ x >> 3; lo = x ^ x << 5.
crc_byte
        xorwf   crc_hi, w
        movwf   x0
        swapf   x0, w
        andlw   0x0F
        xorwf   x0, f
        swapf   x0, w
        andlw   0xF0
        xorwf   crc_lo, w
        movwf   crc_hi
        swapf   x0, w
        andlw   0xF0
        movwf   crc_lo
        bcf     STATUS, C
        rlf     crc_lo, f
        movf    x0, w
        xorwf   crc_lo, f
        bcf     STATUS, C
        rrf     x0, f
        bcf     STATUS, C
        rrf     x0, f
        bcf     STATUS, C
        rrf     x0, w
        xorwf   crc_hi, f
        return

; ---------------------------------------------------------------- sending
; Start a frame with t_destination, t_sequence, t_command and a payload of W bytes.
begin_frame
        movwf   t_length
        call    crc_start
        movlw   TX_BUFFER
        movwf   FSR
        movlw   START
        movwf   INDF
        incf    FSR, f
        movf    t_length, w
        addlw   4
        call    put
        movf    t_destination, w
        call    put
        movlw   ADDRESS
        call    put
        movf    t_sequence, w
        call    put
        movf    t_command, w
        goto    put

; Append the CRC and send the frame after the pause.
end_frame
        movf    crc_hi, w
        movwf   INDF
        incf    FSR, f
        movf    crc_lo, w
        movwf   INDF
        incf    FSR, f
        movlw   TX_BUFFER
        subwf   FSR, w
        movwf   tx_len
        movlw   1 << TX_WAITING
        movwf   tx_state
        return

; Append the state: flags, currents, threshold.
put_state
        movf    flags, w
        call    put
        movlw   0xFF
        btfss   flags, TRIP_A
        movf    current_a_hi, w
        call    put
        movlw   0xFF
        btfss   flags, TRIP_A
        movf    current_a_lo, w
        call    put
        movlw   0xFF
        btfss   flags, TRIP_B
        movf    current_b_hi, w
        call    put
        movlw   0xFF
        btfss   flags, TRIP_B
        movf    current_b_lo, w
        call    put
        movf    threshold_hi, w
        call    put
        movf    threshold_lo, w
        goto    put

; Send an event, if one is due and the channel is silent.
send_event
        movf    event_left, f
        btfsc   STATUS, Z
        return
        movf    event_wait, f
        btfss   STATUS, Z
        return
        movf    rx_head, w
        xorwf   rx_tail, w
        btfss   STATUS, Z
        return
        movlw   SILENCE_TICKS
        subwf   silence, w
        btfss   STATUS, C
        return
        decf    event_left, f
        call    next_event_wait
        movf    controller, w
        movwf   t_destination
        movf    event_sequence, w
        movwf   t_sequence
        movlw   CMD_EVENT
        movwf   t_command
        movlw   7
        call    begin_frame
        call    put_state
        clrf    answer_wait
        goto    end_frame

; Start a new event.
raise_event
        incf    event_sequence, f
        movlw   EVENT_ATTEMPTS
        movwf   event_left
next_event_wait
        call    next_random
        andlw   0x7F
        addlw   EVENT_WAIT_MIN
        movwf   event_wait
        return

; ---------------------------------------------------------------- commands
handle
        movf    f_destination, w
        xorlw   ADDRESS
        btfss   STATUS, Z
        return
        movf    f_source, w
        btfsc   STATUS, Z
        return
        xorlw   0xFF
        btfsc   STATUS, Z
        return
        movf    f_command, w
        xorlw   CMD_EVENT_ACK
        btfsc   STATUS, Z
        goto    event_ack
        movf    f_command, w
        xorlw   CMD_EVENT
        btfsc   STATUS, Z
        return
        btfsc   f_command, 7
        return                          ; an answer of another device
        movlw   ANSWER_TICKS
        movwf   answer_wait
        movf    f_source, w
        movwf   controller
        movwf   t_destination
        movf    f_sequence, w
        movwf   t_sequence
        movf    f_command, w
        iorlw   0x80
        movwf   t_command
        movf    f_command, w
        xorlw   CMD_PING
        btfsc   STATUS, Z
        goto    ping
        xorlw   CMD_PING ^ CMD_READ
        btfsc   STATUS, Z
        goto    read
        xorlw   CMD_READ ^ CMD_SYNC
        btfsc   STATUS, Z
        goto    sync
        xorlw   CMD_SYNC ^ CMD_RELAY
        btfsc   STATUS, Z
        goto    change
        xorlw   CMD_RELAY ^ CMD_SET_THRESHOLD
        btfsc   STATUS, Z
        goto    change
        movlw   UNKNOWN_COMMAND

; Answer with a refusal for the reason W.
refuse
        movwf   x1
        movlw   CMD_NAK
        movwf   t_command
        movlw   2
        call    begin_frame
        movf    f_command, w
        call    put
        movf    x1, w
        call    put
        goto    end_frame

event_ack
        movf    f_sequence, w
        xorwf   event_sequence, w
        btfsc   STATUS, Z
        clrf    event_left
        return

ping
        call    check_empty
        btfss   STATUS, Z
        goto    wrong_length
        movlw   2
        call    begin_frame
        movlw   VERSION_MAJOR
        call    put
        movlw   VERSION_MINOR
        call    put
        goto    end_frame

read
        call    check_empty
        btfss   STATUS, Z
        goto    wrong_length
answer_state
        movlw   7
        call    begin_frame
        call    put_state
        goto    end_frame

; Z: the request has no payload.
check_empty
        movf    f_length, w
        xorlw   4
        return

wrong_length
        movlw   BAD_LENGTH
        goto    refuse

; Create a token, unless the request is a repetition without a change since.
sync
        call    check_empty
        btfss   STATUS, Z
        goto    wrong_length
        btfss   session, HAS_TOKEN
        goto    sync_new
        btfsc   session, CHANGED
        goto    sync_new
        movf    f_sequence, w
        xorwf   last_sequence, w
        btfsc   STATUS, Z
        goto    sync_answer
sync_new
        call    next_random
        movf    rng_hi, w
        xorwf   token_hi, w
        movwf   x1
        movf    rng_lo, w
        xorwf   token_lo, w
        iorwf   x1, w
        btfsc   STATUS, Z
        goto    sync_new                ; the same token again
        movf    rng_hi, w
        movwf   token_hi
        movf    rng_lo, w
        movwf   token_lo
        movf    f_sequence, w
        movwf   last_sequence
        movlw   1 << HAS_TOKEN
        movwf   session
sync_answer
        movlw   2
        call    begin_frame
        movf    token_hi, w
        call    put
        movf    token_lo, w
        call    put
        goto    end_frame

; RELAY and SET_THRESHOLD: executed once per sequence number.
change
        movf    f_length, w
        xorlw   8
        btfss   STATUS, Z
        goto    wrong_length
        movlw   BAD_TOKEN
        btfss   session, HAS_TOKEN
        goto    refuse
        movf    f_payload, w
        xorwf   token_hi, w
        movwf   x1
        movf    f_payload + 1, w
        xorwf   token_lo, w
        iorwf   x1, f
        movlw   BAD_TOKEN
        btfss   STATUS, Z
        goto    refuse
        movf    last_sequence, w
        subwf   f_sequence, w
        movwf   x1
        btfsc   STATUS, Z
        goto    change_repeated
        movlw   STALE
        btfsc   x1, 7                   ; 128 or more higher
        goto    refuse
        movf    f_command, w
        xorlw   CMD_RELAY
        btfsc   STATUS, Z
        goto    change_relays
        incfsz  f_payload + 2, w        ; FFFF is not a threshold
        goto    change_threshold
        incfsz  f_payload + 3, w
        goto    change_threshold
wrong_value
        movlw   BAD_VALUE
        goto    refuse

change_repeated
        movlw   STALE
        btfss   session, CHANGED        ; the number of the SYNC
        goto    refuse
        goto    answer_state

accept_change
        movf    f_sequence, w
        movwf   last_sequence
        bsf     session, CHANGED
        return

change_threshold
        call    accept_change
        movf    f_payload + 2, w
        movwf   threshold_hi
        movf    f_payload + 3, w
        movwf   threshold_lo
        movlw   EE_RECORD_1
        call    write_record            ; the answer confirms that it is stored
        bsf     ee_pending, 0
        goto    answer_state

change_relays
        movf    f_payload + 2, w
        btfsc   STATUS, Z
        goto    wrong_value
        andlw   0xFC
        btfss   STATUS, Z
        goto    wrong_value
        call    accept_change
        btfsc   f_payload + 2, 0
        call    change_a
        btfsc   f_payload + 2, 1
        call    change_b
        call    refresh_pins
        goto    answer_state

change_a
        bcf     flags, RELAY_A
        clrf    over_a
        btfss   f_payload + 3, 0
        return
        bsf     flags, RELAY_A
        bcf     flags, TRIP_A
        return

change_b
        bcf     flags, RELAY_B
        clrf    over_b
        btfss   f_payload + 3, 1
        return
        bsf     flags, RELAY_B
        bcf     flags, TRIP_B
        return

; ---------------------------------------------------------------- currents
; Calculate both currents of the last window and trip overloaded sockets.
measure
        movlw   snap_a
        call    rms_ma
        bcf     STATUS, RP0
        movwf   current_a_lo
        bsf     STATUS, RP0
        movf    n3, w
        bcf     STATUS, RP0
        movwf   current_a_hi
        movlw   snap_b
        call    rms_ma
        bcf     STATUS, RP0
        movwf   current_b_lo
        bsf     STATUS, RP0
        movf    n3, w
        bcf     STATUS, RP0
        movwf   current_b_hi

        movf    current_a_lo, w         ; C clear: threshold < current
        subwf   threshold_lo, w
        movf    current_a_hi, w
        btfss   STATUS, C
        incfsz  current_a_hi, w
        subwf   threshold_hi, w
        clrw
        btfss   STATUS, C
        movlw   1
        call    check_enabled
        btfss   flags, RELAY_A
        movlw   0
        iorlw   0
        btfsc   STATUS, Z
        clrf    over_a
        addwf   over_a, f
        movlw   TRIP_WINDOWS
        subwf   over_a, w
        btfss   STATUS, C
        goto    measure_b
        clrf    over_a
        bcf     flags, RELAY_A
        bsf     flags, TRIP_A
        call    raise_event
measure_b
        movf    current_b_lo, w
        subwf   threshold_lo, w
        movf    current_b_hi, w
        btfss   STATUS, C
        incfsz  current_b_hi, w
        subwf   threshold_hi, w
        clrw
        btfss   STATUS, C
        movlw   1
        call    check_enabled
        btfss   flags, RELAY_B
        movlw   0
        iorlw   0
        btfsc   STATUS, Z
        clrf    over_b
        addwf   over_b, f
        movlw   TRIP_WINDOWS
        subwf   over_b, w
        btfss   STATUS, C
        return
        clrf    over_b
        bcf     flags, RELAY_B
        bsf     flags, TRIP_B
        goto    raise_event

; W = W, or 0 if the threshold is 0 (never trip).
check_enabled
        movwf   x1
        movf    threshold_hi, w
        iorwf   threshold_lo, w
        btfss   STATUS, Z
        movf    x1, w
        return

; RMS current in mA of the window at W: n3 high byte, W low byte; returns with bank 1 selected.
; V = 128 * (sum of squares) - (sum - 65536)^2 is the variance times 128^2.
rms_ma
        movwf   FSR
        bsf     STATUS, RP0
        movf    INDF, w                 ; r = |sum - 65536|
        movwf   r0
        incf    FSR, f
        movf    INDF, w
        movwf   r1
        incf    FSR, f
        btfsc   INDF, 0
        goto    rms_squares             ; sum >= 65536
        comf    r0, f
        comf    r1, f
        incf    r0, f
        btfsc   STATUS, Z
        incfsz  r1, f
        goto    rms_squares
        movlw   0xFF                    ; 65536: every sample was 0
        movwf   r0
        movwf   r1
rms_squares
        incf    FSR, f
        movf    INDF, w                 ; (m3..m0, t2) = squares << 8, then >> 1
        movwf   m1
        incf    FSR, f
        movf    INDF, w
        movwf   m2
        incf    FSR, f
        movf    INDF, w
        movwf   m3
        incf    FSR, f
        rrf     INDF, w                 ; C = bit 24
        clrf    m0
        rrf     m3, f
        rrf     m2, f
        rrf     m1, f
        rrf     m0, f
        movf    r0, w
        movwf   t0
        movf    r1, w
        movwf   t1
        call    multiply
        movf    n0, w                   ; m -= n
        subwf   m0, f
        movf    n1, w
        btfss   STATUS, C
        incfsz  n1, w
        subwf   m1, f
        movf    n2, w
        btfss   STATUS, C
        incfsz  n2, w
        subwf   m2, f
        movf    n3, w
        btfss   STATUS, C
        incfsz  n3, w
        subwf   m3, f
        btfsc   STATUS, C
        goto    rms_root
        clrf    m0                      ; rounding at the end of the range
        clrf    m1
        clrf    m2
        clrf    m3
rms_root
        call    square_root
        movlw   low MA_SCALE
        movwf   t0
        movlw   high MA_SCALE
        movwf   t1
        call    multiply                ; mA: the high half
        movf    n3, f
        btfss   STATUS, Z
        goto    rms_result
        movlw   NOISE_MA
        subwf   n2, w
        btfss   STATUS, C
        clrf    n2
rms_result
        movf    n2, w
        return

; n3..n0 = r1:r0 * t1:t0 (bank 1).
multiply
        clrf    n0
        clrf    n1
        clrf    n2
        clrf    n3
        movlw   16
        movwf   loops
multiply_bit
        bcf     STATUS, C
        rrf     t1, f
        rrf     t0, f
        btfss   STATUS, C
        goto    multiply_shift          ; C is clear
        movf    r0, w
        addwf   n2, f
        movf    r1, w
        btfsc   STATUS, C
        incfsz  r1, w
        addwf   n3, f
multiply_shift
        rrf     n3, f
        rrf     n2, f
        rrf     n1, f
        rrf     n0, f
        decfsz  loops, f
        goto    multiply_bit
        return

; r1:r0 = square root of m3..m0, rounded down (bank 1).
square_root
        clrf    r0
        clrf    r1
        clrf    n0                      ; remainder
        clrf    n1
        clrf    n2
        movlw   16
        movwf   loops
square_root_bit
        call    square_root_shift
        call    square_root_shift
        bcf     STATUS, C               ; t = 4 root + 1
        rlf     r0, w
        movwf   t0
        rlf     r1, w
        movwf   t1
        clrf    t2
        rlf     t2, f
        bsf     STATUS, C
        rlf     t0, f
        rlf     t1, f
        rlf     t2, f
        movf    t0, w                   ; n - t, kept if not negative
        subwf   n0, w
        movwf   t0
        movf    t1, w
        btfss   STATUS, C
        incfsz  t1, w
        goto    square_root_middle
        movf    n1, w                   ; t1 + borrow = 256: the byte stays, the borrow remains
        movwf   t1
        goto    square_root_high
square_root_middle
        subwf   n1, w
        movwf   t1
square_root_high
        movf    t2, w
        btfss   STATUS, C
        incf    t2, w
        subwf   n2, w
        movwf   t2
        btfss   STATUS, C
        goto    square_root_next
        movf    t0, w
        movwf   n0
        movf    t1, w
        movwf   n1
        movf    t2, w
        movwf   n2
square_root_next
        rlf     r0, f                   ; C is the new bit
        rlf     r1, f
        decfsz  loops, f
        goto    square_root_bit
        return

square_root_shift
        bcf     STATUS, C
        rlf     m0, f
        rlf     m1, f
        rlf     m2, f
        rlf     m3, f
        rlf     n0, f
        rlf     n1, f
        rlf     n2, f
        return

; ---------------------------------------------------------------- random numbers
; Mix TMR1 into the state; W is its low byte.
next_random
        movf    rng_hi, w
        movwf   crc_hi
        movf    rng_lo, w
        movwf   crc_lo
        movf    TMR1L, w
        call    crc_byte
        movf    TMR1H, w
        call    crc_byte
        movf    crc_hi, w
        movwf   rng_hi
        movf    crc_lo, w
        movwf   rng_lo
        return

; Start from the number of starts in the EEPROM, so that no two starts continue alike.
seed_random
        movlw   EE_STARTS
        call    ee_read
        movwf   rng_hi
        movlw   EE_STARTS + 1
        call    ee_read
        movwf   rng_lo
        incf    rng_lo, f
        btfsc   STATUS, Z
        incf    rng_hi, f
        movf    rng_hi, w
        movwf   x1
        movlw   EE_STARTS
        call    ee_write
        movf    rng_lo, w
        movwf   x1
        movlw   EE_STARTS + 1
        call    ee_write
        call    next_random
        movwf   event_sequence
        return

; ---------------------------------------------------------------- threshold in the EEPROM
; Load the first valid record, or the default; repair the records.
load_threshold
        movlw   EE_RECORD_1
        call    load_record
        btfsc   STATUS, Z
        goto    load_repair
        movlw   EE_RECORD_2
        call    load_record
        btfsc   STATUS, Z
        goto    load_repair
        movlw   high DEFAULT_THRESHOLD_MA
        movwf   threshold_hi
        movlw   low DEFAULT_THRESHOLD_MA
        movwf   threshold_lo
load_repair
        movlw   EE_RECORD_1
        call    write_record
        movlw   EE_RECORD_2
        goto    write_record

; Load the record at W; Z: its CRC is right.
load_record
        movwf   count
        call    crc_start
        movf    count, w
        call    ee_read
        movwf   threshold_hi
        call    crc_byte
        incf    count, w
        call    ee_read
        movwf   threshold_lo
        call    crc_byte
        movf    count, w
        addlw   2
        call    ee_read
        xorwf   crc_hi, f
        movf    count, w
        addlw   3
        call    ee_read
        xorwf   crc_lo, w
        iorwf   crc_hi, w
        btfss   STATUS, Z
        return
        incf    threshold_hi, w         ; FFFF is not a threshold
        btfss   STATUS, Z
        goto    load_valid
        incf    threshold_lo, w
        btfss   STATUS, Z
        goto    load_valid
        bcf     STATUS, Z
        return
load_valid
        bsf     STATUS, Z
        return

; Write the threshold as the record at W.
write_record
        movwf   count
        call    crc_start
        movf    threshold_hi, w
        call    crc_byte
        movf    threshold_lo, w
        call    crc_byte
        movf    threshold_hi, w
        call    write_next
        movf    threshold_lo, w
        call    write_next
        movf    crc_hi, w
        call    write_next
        movf    crc_lo, w
write_next
        movwf   x1
        movf    count, w
        incf    count, f
        goto    ee_write

; W = byte at address W of the EEPROM.
ee_read
        bsf     STATUS, RP1
        movwf   EEADR
        bsf     STATUS, RP0
        bcf     EECON1, EEPGD
        bsf     EECON1, RD
        bcf     STATUS, RP0
        movf    EEDATA, w
        bcf     STATUS, RP1
        return

; Write x1 at address W of the EEPROM, unless it is there already.
ee_write
        movwf   x0
        call    ee_read
        xorwf   x1, w
        btfsc   STATUS, Z
        return
        movf    x1, w
        bsf     STATUS, RP1
        movwf   EEDATA                  ; EEADR is set
        bsf     STATUS, RP0
        bcf     EECON1, EEPGD
        bsf     EECON1, WREN
        movf    INTCON, w               ; interrupts are off during the start
        movwf   ee_intcon
        bcf     INTCON, GIE
        movlw   0x55
        movwf   EECON2
        movlw   0xAA
        movwf   EECON2
        bsf     EECON1, WR
        bcf     EECON1, WREN
        btfsc   EECON1, WR
        goto    $ - 1
        clrf    STATUS
        btfsc   ee_intcon, GIE
        bsf     INTCON, GIE
        return

        end
